import { describe, expect, test } from "vitest";
import { PlainRequest } from "../../../test/support/plain-head.ts";
import type { ServiceDoc, ServicePortDoc } from "../../model/document.ts";
import { compileRoutes } from "../../route/compile.ts";
import type { KnownResource } from "../index.ts";
import { formatPath } from "../schema/path.ts";
import { compileAll, inputsOf } from "./all.ts";
import { admit, route, service, to } from "./samples.fixture.ts";

interface SplitOptions {
  readonly name?: string;
  readonly created?: string;
  readonly service?: string;
  readonly matches?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A split of `app`: `{ b: 1, c: 0 }` are weights. */
function split(
  weights: Readonly<Record<string, number>>,
  options: SplitOptions = {},
): KnownResource {
  const { name = "s", created = "2026-01-01T00:00:00Z", annotations = {}, matches } = options;
  return admit({
    apiVersion: "split.smi-spec.io/v1alpha4",
    kind: "TrafficSplit",
    metadata: { name, namespace: "default", creationTimestamp: created, annotations },
    spec: {
      service: options.service ?? "app",
      backends: Object.entries(weights).map(([one, weight]) => ({ service: one, weight })),
      ...(matches === undefined
        ? {}
        : { matches: matches.map((one) => ({ kind: "HTTPRouteGroup", name: one })) }),
    },
  });
}

function group(name: string, ...matches: readonly object[]): KnownResource {
  return admit({
    apiVersion: "specs.smi-spec.io/v1alpha4",
    kind: "HTTPRouteGroup",
    metadata: { name, namespace: "default" },
    spec: { matches: matches.map((match, index) => ({ name: `m${index}`, ...match })) },
  });
}

const http = { ports: [{ name: "http", port: 80, appProtocol: "http" }] };
const [app, b, c] = [service("app", http), service("b", http), service("c", http)];

function docOf(resources: readonly KnownResource[], name = "app"): ServiceDoc {
  return compileAll(inputsOf(resources)).services.get(`default/${name}`)!.doc;
}

function portOf(resources: readonly KnownResource[], number = 80): ServicePortDoc {
  return docOf(resources).ports.find((port) => port.number === number)!;
}

/** `BackendNotFound`, …: what is told of a split, or of a group. */
function eventsOf(resources: readonly KnownResource[], key = "TrafficSplit/default/s") {
  const claims = compileAll(inputsOf(resources)).claims;
  return claims.get(key as "TrafficSplit/default/s")?.events ?? [];
}

const reasonsOf = (resources: readonly KnownResource[], key?: string) =>
  eventsOf(resources, key).map(({ reason }) => reason);

/** Who gets how many of so many requests, or what they fail as. */
function shares(
  resources: readonly KnownResource[],
  count: number,
  head = new PlainRequest("GET", "/echo", [], "app"),
): Readonly<Record<string, number>> {
  const table = compileRoutes(portOf(resources).routes!, null);
  const got: Record<string, number> = {};
  for (let turn = 0; turn < count; turn++) {
    const rule = table.match(head);
    if (typeof rule === "string") throw new Error(rule);
    const backend = rule.backends.next()!;
    const name = backend.target?.service ?? backend.fails;
    got[name] = (got[name] ?? 0) + 1;
  }
  return got;
}

/** The weights of the steps 04 to 11 of SMI's conformance suite, and what 50 requests come to. */
describe("the suite's split of app-svc", () => {
  test("01 to 03: without a split all goes to the root, which selects both", () => {
    expect(portOf([app, b, c])).toMatchObject({ routes: null });
    expect(portOf([app, b, c])).not.toHaveProperty("tcpRoute");
  });

  test.each([
    ["04, 05: only B", { b: 1, c: 0 }, { "default/b": 50 }],
    ["06, 07: only C", { b: 0, c: 1 }, { "default/c": 50 }],
    ["08, 09: more B", { b: 75, c: 25 }, { "default/b": 38, "default/c": 12 }],
    ["10, 11: more C", { b: 25, c: 75 }, { "default/b": 12, "default/c": 38 }],
  ])("%s", (_name, weights, expected) => {
    const got = shares([app, b, c, split(weights)], 50);
    const sum = Object.values(got).reduce((all, one) => all + one, 0);
    expect(sum).toBe(50);
    for (const [name, count] of Object.entries(expected)) {
      expect(Math.abs((got[name] ?? 0) - count)).toBeLessThanOrEqual(1);
    }
    expect(Object.keys(got).sort()).toEqual(Object.keys(expected));
    expect(eventsOf([app, b, c, split(weights)])).toEqual([]);
  });
});

describe("weights", () => {
  test("are relative, exact, and of any size", () => {
    expect(shares([app, b, c, split({ b: 1000, c: 500 })], 300)).toEqual({
      "default/b": 200,
      "default/c": 100,
    });
    expect(shares([app, b, c, split({ b: 9_000_000_000, c: 3_000_000_000 })], 400)).toEqual({
      "default/b": 300,
      "default/c": 100,
    });
  });

  test("never round a share away", () => {
    const { rules } = portOf([app, b, c, split({ b: 9_000_000_000_000, c: 1 })]).routes!;
    expect(rules[0]!.backends.map(({ weight }) => weight)).toEqual([1_000_000, 1]);
  });

  test("all 0, and no backends at all: 503 for everything, and people are told", () => {
    for (const one of [split({ b: 0, c: 0 }), split({})]) {
      expect(shares([app, b, c, one], 10)).toEqual({ "no-endpoint": 10 });
      expect(reasonsOf([app, b, c, one])).toEqual(["NoBackends"]);
    }
  });

  test("a Service that is not there keeps its share, which is 503; with weight 0 nobody minds", () => {
    expect(shares([app, b, split({ b: 1, c: 1 })], 100)).toEqual({
      "default/b": 50,
      "no-endpoint": 50,
    });
    expect(eventsOf([app, b, split({ b: 1, c: 1 })])).toEqual([
      {
        type: "Warning",
        reason: "BackendNotFound",
        message: "There is no Service c with endpoints in namespace default: its share gets 503.",
        path: ["spec", "backends", 1, "service"],
      },
    ]);
    expect(shares([app, b, split({ b: 1, c: 0 })], 10)).toEqual({ "default/b": 10 });
    expect(eventsOf([app, b, split({ b: 1, c: 0 })])).toEqual([]);
  });

  test("one that only names a host elsewhere has no endpoints", () => {
    const elsewhere = service("c", { type: "ExternalName", externalName: "example.com" });
    expect(shares([app, b, elsewhere, split({ c: 1 })], 5)).toEqual({ "no-endpoint": 5 });
  });
});

describe("ports", () => {
  const ports = (...numbers: number[]) => ({
    ports: numbers.map((port) => ({ name: `p${port}`, port, appProtocol: "http" })),
  });

  test("are matched by number; a backend without it gets nothing of what comes for it", () => {
    // The specification's invalid example: equal names, other numbers.
    const of = (port: number) => ({ ports: [{ name: "grpc", port, appProtocol: "grpc" }] });
    const birds = [
      service("app", of(8080)),
      service("b", of(1024)),
      service("c", of(8080)),
      split({ b: 50, c: 50 }),
    ];
    expect(portOf(birds, 8080).routes!.rules[0]!.backends).toEqual([
      { backend: { service: "default/c", port: 8080 }, weight: 50, filters: [] },
    ]);
    expect(eventsOf(birds)).toEqual([
      {
        type: "Warning",
        reason: "BackendWithoutPort",
        message:
          "Service b has no port 8080: it gets nothing of what comes for port 8080 of Service app.",
        path: ["spec", "backends", 0, "service"],
      },
    ]);
  });

  test("each is split among those that have it", () => {
    const all = [
      service("app", ports(80, 90)),
      service("b", ports(80, 90)),
      service("c", ports(80)),
      split({ b: 1, c: 1 }),
    ];
    const serversAt = (number: number) =>
      portOf(all, number).routes!.rules[0]!.backends.map(({ backend }) => backend?.service);
    expect(serversAt(80)).toEqual(["default/b", "default/c"]);
    expect(serversAt(90)).toEqual(["default/b"]);
  });

  test("where nobody has it, it is 503 and not the root", () => {
    const all = [service("app", ports(80, 90)), service("b", ports(80)), split({ b: 1 })];
    expect(portOf(all, 90).routes!.rules[0]!.backends).toEqual([
      { backend: null, fails: "no-endpoint", weight: 1, filters: [] },
    ]);
    expect(reasonsOf(all)).toEqual(["BackendWithoutPort", "NoBackends"]);
  });

  test("connections of octets are split as requests are; closed where nobody has a weight", () => {
    const of = (protocol: string) => ({ ports: [{ port: 80, appProtocol: protocol }] });
    const tcp = [service("app", of("tcp")), service("b", of("tcp")), b, split({ b: 3 })];
    expect(portOf(tcp)).toMatchObject({
      routes: null,
      tcpRoute: { route: "TrafficSplit/default/s", backends: [{ weight: 3 }] },
    });
    const detected = [service("app"), service("b"), split({ b: 1 })];
    expect(portOf(detected)).toMatchObject({ routes: { rules: [{}] }, tcpRoute: {} });
    expect(portOf([app, b, split({ b: 1 })])).not.toHaveProperty("tcpRoute");
    const none = [service("app", of("tcp")), split({})];
    expect(portOf(none).tcpRoute!.backends).toEqual([
      { backend: null, fails: "no-endpoint", weight: 1, filters: [] },
    ]);
  });
});

describe("matches", () => {
  const firefox = group("firefox", { headers: [{ "User-Agent": ".*Firefox.*" }] });
  const ask = (path: string, fields: [string, string][] = [], method = "GET") =>
    new PlainRequest(method, path, fields, "app");
  const to = (resources: readonly KnownResource[], head: PlainRequest) =>
    Object.keys(shares(resources, 1, head)).join();
  const only = (...groups: readonly KnownResource[]) => [
    app,
    b,
    ...groups,
    split({ b: 1 }, { matches: groups.map(({ metadata }) => metadata.name) }),
  ];

  test("what fits goes to the backends, all else to the root itself", () => {
    const mesh = only(firefox);
    expect(to(mesh, ask("/", [["user-agent", "Mozilla Firefox/9"]]))).toBe("default/b");
    expect(to(mesh, ask("/", [["user-agent", "Opera"]]))).toBe("default/app");
    expect(to(mesh, ask("/"))).toBe("default/app");
    expect(portOf(mesh).routes!.rules.map((rule) => rule.route)).toEqual([
      "TrafficSplit/default/s",
      "Service/default/app",
    ]);
  });

  test("a path from its beginning, and a method, and every header; * is any method", () => {
    const mesh = only(
      group("g", {
        pathRegex: "/api/[0-9]+",
        methods: ["GET", "HEAD"],
        headers: [{ a: "1|2" }, { b: "x.*" }],
      }),
      group("all", { pathRegex: "/any", methods: ["PUT", "*"] }),
    );
    const both: [string, string][] = [
      ["a", "2"],
      ["b", "xyz"],
    ];
    expect(to(mesh, ask("/api/7", both))).toBe("default/b");
    expect(to(mesh, ask("/api/7x/y", both, "HEAD"))).toBe("default/b");
    expect(to(mesh, ask("/v1/api/7", both))).toBe("default/app");
    expect(to(mesh, ask("/api/7", both, "POST"))).toBe("default/app");
    expect(to(mesh, ask("/api/7", [["a", "2"]]))).toBe("default/app");
    expect(
      to(
        mesh,
        ask("/api/7", [
          ["a", "23"],
          ["b", "x"],
        ]),
      ),
    ).toBe("default/app");
    expect(to(mesh, ask("/anything", [], "DELETE"))).toBe("default/b");
  });

  test("a header that is not there fits nothing, not even an empty pattern", () => {
    const mesh = only(group("g", { headers: [{ "x-beta": ".*" }] }));
    expect(to(mesh, ask("/"))).toBe("default/app");
    expect(to(mesh, ask("/", [["x-beta", ""]]))).toBe("default/b");
  });

  test("a header that is there twice is one list", () => {
    const mesh = only(group("g", { headers: [{ cookie: "a, ?b" }] }));
    expect(
      to(
        mesh,
        ask("/", [
          ["cookie", "a"],
          ["cookie", "b"],
        ]),
      ),
    ).toBe("default/b");
    expect(to(mesh, ask("/", [["cookie", "a"]]))).toBe("default/app");
  });

  test("a group that is not there adds nothing; when none is, everything goes to the root", () => {
    const some = [app, b, firefox, split({ b: 1 }, { matches: ["absent", "firefox"] })];
    expect(to(some, ask("/", [["user-agent", "Firefox"]]))).toBe("default/b");
    expect(reasonsOf(some)).toEqual(["GroupNotFound"]);
    const none = [app, b, split({ b: 1 }, { matches: ["absent"] })];
    expect(portOf(none).routes).toBeNull();
    expect(reasonsOf(none)).toEqual(["GroupNotFound", "NothingMatches"]);
  });

  test("a pattern that cannot be read fits nothing, and the group says where it is wrong", () => {
    const wrong = group("g", { pathRegex: "/a(" }, { headers: [{ x: "a" }, { y: "(a)\\1" }] });
    const mesh = only(wrong, firefox);
    expect(to(mesh, ask("/a"))).toBe("default/app");
    expect(
      to(
        mesh,
        ask("/", [
          ["x", "a"],
          ["y", "aa"],
        ]),
      ),
    ).toBe("default/app");
    expect(to(mesh, ask("/", [["user-agent", "Firefox"]]))).toBe("default/b");
    const told = eventsOf(mesh, "HTTPRouteGroup/default/g");
    expect(told.map(({ reason }) => reason)).toEqual(["InvalidRegex", "InvalidRegex"]);
    expect(told[0]!.message).toMatch(/^"\/a\(": .*match m0 fits nothing\.$/);
    expect(told.map(({ path }) => formatPath(path!))).toEqual([
      "spec.matches[0].pathRegex",
      "spec.matches[1].headers[1].y",
    ]);
  });

  test("are of requests: octets go to the root, and a port without requests is not split", () => {
    expect(
      portOf([service("app"), service("b"), firefox, split({ b: 1 }, { matches: ["firefox"] })]),
    ).not.toHaveProperty("tcpRoute");
    const opaque = service("app", { ports: [{ port: 80, appProtocol: "tcp" }] });
    const mesh = [opaque, b, firefox, split({ b: 1 }, { matches: ["firefox"] })];
    expect(portOf(mesh)).toMatchObject({ routes: null });
    expect(portOf(mesh)).not.toHaveProperty("tcpRoute");
    expect(reasonsOf(mesh)).toEqual(["UnsupportedProtocol"]);
  });
});

describe("several splits of one Service", () => {
  const [older, younger] = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"];
  const paths = (name: string, pathRegex: string) => group(name, { pathRegex });

  test("those with matches come before those without, the older before the younger", () => {
    const mesh = [
      ...[app, b, c, service("d", http), paths("p", "/a"), paths("q", "/")],
      split({ d: 1 }, { name: "rest", created: older }),
      split({ c: 1 }, { name: "second", created: younger, matches: ["q"] }),
      split({ b: 1 }, { name: "first", created: older, matches: ["p"] }),
    ];
    expect(portOf(mesh).routes!.rules.map((rule) => rule.route)).toEqual([
      "TrafficSplit/default/first",
      "TrafficSplit/default/second",
      "TrafficSplit/default/rest",
    ]);
    expect(shares(mesh, 1, new PlainRequest("GET", "/a", [], "app"))).toEqual({ "default/b": 1 });
    expect(shares(mesh, 1, new PlainRequest("GET", "/b", [], "app"))).toEqual({ "default/c": 1 });
  });

  test("of two for all requests the older holds, of one age the first by name; the other is told", () => {
    const mesh = [
      ...[app, b, c],
      split({ c: 1 }, { name: "y", created: younger }),
      split({ b: 1 }, { name: "z", created: older }),
      split({ c: 1 }, { name: "zz", created: older }),
    ];
    expect(shares(mesh, 5)).toEqual({ "default/b": 5 });
    expect(eventsOf(mesh, "TrafficSplit/default/z")).toEqual([]);
    for (const loser of ["y", "zz"]) {
      expect(reasonsOf(mesh, `TrafficSplit/default/${loser}`)).toEqual(["Conflicted"]);
    }
  });
});

describe("a split", () => {
  test("of itself means its own endpoints, and is not split again", () => {
    expect(shares([app, b, split({ b: 100, app: 900 })], 100)).toEqual({
      "default/b": 10,
      "default/app": 90,
    });
  });

  test("whose backend is split elsewhere sends to that backend itself", () => {
    const mesh = [app, b, c, split({ b: 1 }), split({ c: 1 }, { name: "t", service: "b" })];
    expect(shares(mesh, 5)).toEqual({ "default/b": 5 });
    expect(docOf(mesh, "b").ports[0]!.routes!.rules[0]!.backends[0]!.backend).toEqual({
      service: "default/c",
      port: 80,
    });
  });

  test("leaves calls to a backend's own name alone", () => {
    expect(docOf([app, b, split({ b: 1 })], "b").ports[0]!.routes).toBeNull();
  });

  test("names its Services with their namespace or without, but none of another", () => {
    const full = split({ "b.default.svc.cluster.local": 1 }, { service: "app.default" });
    expect(shares([app, b, full], 2)).toEqual({ "default/b": 2 });
    expect(eventsOf([app, b, full])).toEqual([]);
    const other = service("b", http, "other");
    const stranger = [app, other, split({ "b.other": 1 })];
    expect(shares(stranger, 2)).toEqual({ "no-endpoint": 2 });
    expect(reasonsOf(stranger)).toEqual(["BackendNotFound"]);
    const elsewhere = [app, b, split({ b: 1 }, { service: "app.other" })];
    expect(portOf(elsewhere).routes).toBeNull();
    expect(reasonsOf(elsewhere)).toEqual(["ServiceNotFound"]);
  });

  test("of a Service that is not there is told of", () => {
    expect(reasonsOf([b, split({ b: 1 })])).toEqual(["ServiceNotFound"]);
  });

  test("gives way to a route of the Gateway API on the same port, and is told so", () => {
    const routed = route({
      parentRefs: [to("app")],
      rules: [{ backendRefs: [{ name: "c", port: 80 }] }],
    });
    const mesh = [app, b, c, routed, split({ b: 1 })];
    expect(shares(mesh, 3)).toEqual({ "default/c": 3 });
    expect(eventsOf(mesh)).toEqual([
      {
        type: "Warning",
        reason: "Conflicted",
        message:
          "Port 80 of Service app has HTTPRoute/default/r, which is before any split: it is not split.",
        path: ["spec", "service"],
      },
    ]);
  });

  test("gives way on that port alone", () => {
    const two = (name: string) =>
      service(name, {
        ports: [80, 90].map((port) => ({ name: `p${port}`, port, appProtocol: "http" })),
      });
    const routed = route({
      parentRefs: [to("app", { port: 90 })],
      rules: [{ backendRefs: [{ name: "app", port: 90 }] }],
    });
    const mesh = [two("app"), two("b"), routed, split({ b: 1 })];
    expect(portOf(mesh, 80).routes!.rules[0]!.route).toBe("TrafficSplit/default/s");
    expect(portOf(mesh, 90).routes!.rules[0]!.route).toBe("HTTPRoute/default/r");
    expect(reasonsOf(mesh)).toEqual(["Conflicted"]);
  });

  test("that linkerd's annotation leaves alone is left alone", () => {
    const skipped = split({ b: 1, gone: 1 }, { annotations: { "smi.linkerd.io/skip": "true" } });
    expect(portOf([app, b, skipped]).routes).toBeNull();
    expect(eventsOf([app, b, skipped])).toEqual([]);
  });
});
