import { describe, expect, test } from "vitest";
import type { HttpRoute } from "../gateway-api/httproute.ts";
import type { TlsRoute } from "../gateway-api/tlsroute.ts";
import type { KnownResource } from "../index.ts";
import { formatProblem } from "../schema/problem.ts";
import { claimsIn, placement, route, service, tlsRoute, to, worldOf } from "./samples.fixture.ts";
import { compileService, serviceDocFor } from "./service.ts";

const kvs = service("kvs", {
  ports: [
    { name: "http", port: 80 },
    { name: "admin", port: 81 },
  ],
});
const other = service("other");
const known = [kvs, other, service("far", {}, "elsewhere")];
const world = (...more: readonly KnownResource[]) => worldOf(...known, ...more);

const compile = (...routes: readonly HttpRoute[]) => compileService(kvs, world(...routes));

const routesOf = (rules: readonly object[]) =>
  compile(route({ parentRefs: [to("kvs")], rules })).doc.ports[0]!.routes!;

const ruleOf = (rule: object) => routesOf([rule]).rules[0]!;

const conditionsOf = (given: HttpRoute) =>
  Object.fromEntries(
    compile(given).parents[0]!.conditions.map(({ type, status, reason }) => [
      type,
      `${status} ${reason}`,
    ]),
  );

const backend = { name: "other", port: 80 };

describe("attachment", () => {
  test("without a route all traffic of a port goes to the service itself", () => {
    expect(compile().doc.ports.map(({ routes }) => routes)).toEqual([null, null]);
  });

  test("a route without port is on every port, with a port or sectionName on that one", () => {
    const attached = (parent: object) =>
      compile(route({ parentRefs: [parent] })).doc.ports.map(({ routes }) => routes !== null);
    expect(attached(to("kvs"))).toEqual([true, true]);
    expect(attached(to("kvs", { port: 81 }))).toEqual([false, true]);
    expect(attached(to("kvs", { sectionName: "http" }))).toEqual([true, false]);
    expect(attached(to("kvs", { port: 81, sectionName: "http" }))).toEqual([false, false]);
  });

  test("a parent port that is not there is NoMatchingParent, and nothing is attached", () => {
    expect(conditionsOf(route({ parentRefs: [to("kvs", { port: 82 })] }))).toMatchObject({
      Accepted: "False NoMatchingParent",
    });
  });

  test("routes of the service's namespace are for all callers, others for callers of their own", () => {
    const compiled = compile(
      route({ name: "producer", parentRefs: [to("kvs")] }),
      route({
        name: "consumer",
        namespace: "shop",
        parentRefs: [to("kvs", { namespace: "default", port: 80 })],
      }),
    );
    const routeNames = (namespace: string) =>
      serviceDocFor(compiled, namespace).ports.map(({ routes }) => routes?.rules[0]?.route);
    expect(routeNames("anywhere")).toEqual(Array(2).fill("HTTPRoute/default/producer"));
    // The port that the consumer route leaves alone stays with the producer's.
    expect(routeNames("shop")).toEqual(["HTTPRoute/shop/consumer", "HTTPRoute/default/producer"]);
  });

  test("a Service that names a host elsewhere serves no port", () => {
    const external = service("x", { type: "ExternalName", externalName: "example.com" });
    const compiled = compileService(external, world());
    expect(compiled.doc.ports).toEqual([]);
    expect(compiled.notes).toHaveLength(1);
  });

  test("callers choose endpoints as its annotation says, and by default by load", () => {
    const asking = (picker: string) => ({
      ...kvs,
      metadata: { ...kvs.metadata, annotations: { "heddle.dev/picker": picker } },
    });
    const given = world();
    expect(compile().doc.policy.picker).toBe("p2c-ewma");
    expect(compileService(asking("round-robin"), given).doc.policy.picker).toBe("round-robin");
    // The doors refuse it; a store that others write to may hold it all the same.
    const unknown = compileService(asking("round-robbin"), given);
    expect(unknown.doc.policy).toEqual(compile().doc.policy);
    expect(unknown.notes.map(formatProblem)).toEqual([
      'metadata.annotations["heddle.dev/picker"]: expected p2c-ewma, least-request, round-robin, random, ring-hash, maglev, got "round-robbin"; did you mean "round-robin"?',
      'metadata.annotations["heddle.dev/picker"]: p2c-ewma is used instead',
    ]);
  });

  test("ports that are not TCP are not served", () => {
    const mixed = service("x", {
      ports: [
        { name: "dns", port: 53, protocol: "UDP" },
        { name: "web", port: 80, appProtocol: "kubernetes.io/ws" },
        { name: "h2", port: 81, appProtocol: "kubernetes.io/h2c" },
      ],
    });
    const { doc, notes } = compileService(mixed, world());
    expect(doc.ports.map(({ name, protocol }) => [name, protocol])).toEqual([
      ["web", "http1"],
      ["h2", "h2c"],
    ]);
    expect(notes[0]!.path).toEqual(["spec", "ports", 0, "protocol"]);
  });

  test("rules of requests are on no port whose requests nobody reads", () => {
    const mixed = service("mixed", {
      ports: [
        { name: "web", port: 80 },
        { name: "db", port: 5432, appProtocol: "postgresql" },
      ],
    });
    const on = (more: object) => {
      const given = route({ parentRefs: [to("mixed", more)] });
      const { doc, parents } = compileService(mixed, world(given));
      return [doc.ports.map(({ routes }) => routes !== null), parents[0]!.conditions[0]] as const;
    };
    expect(on({})).toMatchObject([[true, false], { status: "True" }]);
    expect(on({ port: 5432 })).toMatchObject([
      [false, false],
      {
        status: "False",
        reason: "NoMatchingParent",
        message:
          "Port 5432 carries opaque: Service default/mixed has none to which such rules could apply.",
      },
    ]);
  });

  test("a backend whose requests nobody reads is refused, and its share answers 500", () => {
    const db = service("db", { ports: [{ port: 443, appProtocol: "https" }] });
    const given = route({
      parentRefs: [to("kvs")],
      rules: [{ backendRefs: [{ name: "db", port: 443 }] }],
    });
    const { doc, parents } = compileService(kvs, world(db, given));
    expect(doc.ports[0]!.routes!.rules[0]!.backends[0]!.backend).toBeNull();
    expect(parents[0]!.conditions[1]).toMatchObject({
      reason: "UnsupportedProtocol",
      message: "Port 443 of Service default/db carries tls, which an HTTPRoute does not reach.",
    });
  });
});

describe("TLS routes", () => {
  const ports = [
    { name: "web", port: 80, appProtocol: "http" },
    { name: "any", port: 90 },
    { name: "tls", port: 443, appProtocol: "https" },
    { name: "db", port: 5432, appProtocol: "tcp" },
  ];
  const secure = service("secure", { ports });
  const compileTls = (...tlsRoutes: readonly TlsRoute[]) =>
    compileService(secure, worldOf(secure, ...tlsRoutes));
  const given = (parent: object, more: object = {}) =>
    tlsRoute({
      parentRefs: [parent],
      hostnames: ["secure.example.com"],
      backendRefs: [{ name: "secure", port: 443 }],
      ...more,
    });

  test("are on ports that carry TLS, declared or found out, and on no other", () => {
    const { doc } = compileTls(given(to("secure")));
    expect(doc.ports.map(({ number, tlsRoutes }) => [number, tlsRoutes?.length])).toEqual([
      [80, undefined],
      [90, 1],
      [443, 1],
      [5432, undefined],
    ]);
    const refused = compileTls(given(to("secure", { sectionName: "db" })));
    expect(refused.parents[0]!.conditions[0]).toMatchObject({
      status: "False",
      reason: "NoMatchingParent",
    });
  });

  test("of callers' namespaces go before those of the service's own", () => {
    const compiled = compileTls(
      given(to("secure"), { name: "producer" }),
      given(to("secure", { namespace: "default", port: 443 }), {
        name: "consumer",
        namespace: "shop",
        backendRefs: [{ name: "secure", namespace: "default", port: 443 }],
      }),
    );
    const names = (namespace: string) =>
      serviceDocFor(compiled, namespace).ports.map((port) => port.tlsRoutes?.[0]?.route);
    const producer = "TLSRoute/default/producer";
    expect(names("default")).toEqual([undefined, producer, producer, undefined]);
    expect(names("shop")).toEqual([undefined, producer, "TLSRoute/shop/consumer", undefined]);
  });
});

describe("precedence", () => {
  const path = (type: string, value: string, more = {}) => ({ path: { type, value }, ...more });

  test("exact, longest prefix, method, headers, query", () => {
    const matches = [
      path("PathPrefix", "/a"),
      path("PathPrefix", "/a/b"),
      path("PathPrefix", "/a", { queryParams: [{ name: "q", value: "1" }] }),
      path("PathPrefix", "/a", { headers: [{ name: "h", value: "1" }] }),
      path("PathPrefix", "/a", { method: "GET" }),
      path("Exact", "/a"),
    ];
    const { matches: ordered } = routesOf([{ matches, backendRefs: [backend] }]);
    expect(
      ordered.map(({ path: { type, value }, method, headers, query }) =>
        [type, value, method ?? "-", headers.length, query.length].join(" "),
      ),
    ).toEqual([
      "exact /a - 0 0",
      "prefix /a/b - 0 0",
      "prefix /a GET 0 0",
      "prefix /a - 1 0",
      "prefix /a - 0 1",
      "prefix /a - 0 0",
    ]);
  });

  test("of equal matches the older route's comes first, then by name, then by place", () => {
    const compiled = compile(
      route({ name: "b", created: "2026-01-02T00:00:00Z", parentRefs: [to("kvs")] }),
      route({ name: "c", created: "2026-01-01T00:00:00Z", parentRefs: [to("kvs")] }),
      route({
        name: "a",
        created: "2026-01-02T00:00:00Z",
        parentRefs: [to("kvs")],
        rules: [{ name: "first" }, { name: "second" }],
      }),
    );
    const { matches, rules } = compiled.doc.ports[0]!.routes!;
    expect(
      matches.map(({ rule }) => `${rules[rule]!.route.slice(18)} ${rules[rule]!.name}`),
    ).toEqual(["c 0", "a first", "a second", "b 0"]);
  });

  test("a prefix loses its last slash, header names their case, and the second of a name counts not", () => {
    const [match] = routesOf([
      {
        matches: [
          {
            path: { value: "/a/" },
            headers: [
              { name: "X-Y", value: "1" },
              { name: "x-y", value: "2" },
            ],
          },
        ],
      },
    ]).matches;
    expect(match).toMatchObject({
      path: { type: "prefix", value: "/a" },
      headers: [{ name: "x-y", value: "1" }],
      hostnames: [],
    });
  });

  test("no match given means every path", () => {
    expect(routesOf([{ matches: [] }]).matches).toMatchObject([
      { path: { type: "prefix", value: "/" }, method: null },
    ]);
  });
});

describe("what is not acted on fails, and says so", () => {
  const extension = {
    type: "ExtensionRef",
    extensionRef: { group: "example.com", kind: "X", name: "x" },
  };

  test.each([
    [
      "authorization elsewhere",
      {
        filters: [
          {
            type: "ExternalAuth",
            externalAuth: { protocol: "HTTP", http: {}, backendRef: backend },
          },
        ],
        backendRefs: [backend],
      },
    ],
    ["an extension", { filters: [extension], backendRefs: [backend] }],
    [
      "a path pattern that is refused",
      {
        matches: [{ path: { type: "RegularExpression", value: "/(?=a)b" } }],
        backendRefs: [backend],
      },
    ],
    [
      "a header pattern that is refused",
      {
        matches: [{ headers: [{ name: "x", type: "RegularExpression", value: "(" }] }],
        backendRefs: [backend],
      },
    ],
    [
      "an edit of a field of the hop",
      {
        filters: [
          { type: "RequestHeaderModifier", requestHeaderModifier: { remove: ["Content-Length"] } },
        ],
        backendRefs: [backend],
      },
    ],
    [
      "an edit of a field of the proxies' own",
      {
        filters: [
          {
            type: "ResponseHeaderModifier",
            responseHeaderModifier: { set: [{ name: "X-Heddle-Reason", value: "denied" }] },
          },
        ],
        backendRefs: [backend],
      },
    ],
  ])("%s makes its rule answer 500", (_what, rule) => {
    expect(ruleOf(rule)).toMatchObject({ fails: "invalid-backend", backends: [], filters: [] });
    expect(conditionsOf(route({ parentRefs: [to("kvs")], rules: [rule] }))).toMatchObject({
      Accepted: "False UnsupportedValue",
      ResolvedRefs: "True ResolvedRefs",
    });
  });

  test("other rules of the route go on", () => {
    const { rules } = routesOf([{ filters: [extension] }, { backendRefs: [backend] }]);
    expect(rules.map(({ fails }) => fails)).toEqual(["invalid-backend", null]);
  });

  test("a path pattern that is refused stands for all it could mean, after every path that is known", () => {
    const { matches } = routesOf([
      { matches: [{ path: { type: "RegularExpression", value: "/x(?!a)" } }] },
      { matches: [{ path: { value: "/" } }], backendRefs: [backend] },
    ]);
    expect(matches.map(({ rule }) => rule)).toEqual([1, 0]);
  });

  test("a filter of a backend fails that backend's share only", () => {
    const rule = ruleOf({ backendRefs: [{ ...backend, filters: [extension] }, backend] });
    expect(rule.fails).toBeNull();
    expect(rule.backends.map((one) => one.backend)).toEqual([
      null,
      { service: "default/other", port: 80 },
    ]);
  });
});

describe("backends", () => {
  const invalid: readonly [string, object, string][] = [
    ["another kind", { group: "example.com", kind: "Bucket", name: "b" }, "InvalidKind"],
    ["a Service that is not there", { name: "nowhere", port: 80 }, "BackendNotFound"],
    ["a port that is not there", { name: "other", port: 8080 }, "BackendNotFound"],
  ];
  test.each(invalid)("%s keeps its weight and answers 500", (_what, reference, reason) => {
    const rule = { backendRefs: [{ ...reference, weight: 3 }, backend] };
    expect(ruleOf(rule).backends).toMatchObject([
      { backend: null, weight: 3 },
      { backend: { service: "default/other" }, weight: 1 },
    ]);
    expect(conditionsOf(route({ parentRefs: [to("kvs")], rules: [rule] }))).toEqual({
      Accepted: "True Accepted",
      ResolvedRefs: `False ${reason}`,
    });
  });

  test("may be in another namespace, within the mesh", () => {
    expect(
      ruleOf({ backendRefs: [{ name: "far", namespace: "elsewhere", port: 80 }] }).backends[0],
    ).toMatchObject({ backend: { service: "elsewhere/far" } });
  });

  test("none, or none with weight, answers 500", () => {
    expect(ruleOf({}).fails).toBe("invalid-backend");
    expect(ruleOf({ backendRefs: [{ ...backend, weight: 0 }] }).fails).toBe("invalid-backend");
  });
});

test("one time limit is for the exchange and one for each attempt, and 0s is none", () => {
  const limits = (timeouts: object) => {
    const { requestTimeoutMs, policy } = ruleOf({ timeouts, backendRefs: [backend] });
    return [requestTimeoutMs, policy?.attemptTimeoutMs ?? null];
  };
  expect(limits({ request: "1m30s" })).toEqual([90_000, null]);
  expect(limits({ request: "10s", backendRequest: "500ms" })).toEqual([10_000, 500]);
  // What is said of the whole Service does not hold either.
  expect(limits({ request: "0s", backendRequest: "2s" })).toEqual([0, 2000]);
  expect(limits({ backendRequest: "0s" })).toEqual([null, 0]);
  expect(limits({})).toEqual([null, null]);
});

test("rewrites name the prefix that the match consumed", () => {
  const rewrite = (path: object) =>
    ruleOf({
      matches: [{ path: { value: "/kvs/" } }],
      filters: [{ type: "URLRewrite", urlRewrite: { path } }],
      backendRefs: [backend],
    }).filters[0];
  expect(rewrite({ type: "ReplacePrefixMatch", replacePrefixMatch: "/" })).toEqual({
    type: "url-rewrite",
    hostname: null,
    path: { replace: "prefix", from: "/kvs", value: "/" },
  });
  expect(rewrite({ type: "ReplacePrefixMatch", replacePrefixMatch: "x" })).toMatchObject({
    path: { value: "/x" },
  });
  expect(rewrite({ type: "ReplaceFullPath", replaceFullPath: "" })).toMatchObject({
    path: { replace: "full", value: "/" },
  });
});

test("of two Placements the older holds, and the other is told why", () => {
  const young = placement("young", "2026-01-02T00:00:00Z");
  const old = placement("old", "2026-01-01T00:00:00Z", {
    key: { header: "X-User", type: "text" },
    whenAway: "move",
  });
  const compiled = compileService(kvs, world(young, old));
  expect(compiled.doc.placement).toEqual({
    name: "old",
    key: { from: { kind: "header", name: "x-user" }, type: "text" },
    slots: 1024,
    whenAway: "move",
  });
  const reasonOf = (name: string) =>
    claimsIn([kvs, young, old]).get(`Placement/default/${name}`)?.conditions?.[0]?.reason;
  expect(reasonOf("young")).toBe("Conflicted");
  expect(reasonOf("old")).toBe("Accepted");
});

test("of header names that differ in case only the first counts", () => {
  const modifier = {
    set: [
      { name: "X-A", value: " 1 " },
      { name: "x-a", value: "2" },
    ],
    remove: ["X-B", "x-b"],
  };
  const rule = {
    filters: [{ type: "RequestHeaderModifier", requestHeaderModifier: modifier }],
    backendRefs: [backend],
  };
  expect(ruleOf(rule).filters).toEqual([
    { type: "request-headers", set: [{ name: "x-a", value: "1" }], add: [], remove: ["x-b"] },
  ]);
});

test("a Placement whose key is in requests is not accepted where a Service carries octets alone", () => {
  const accepted = (ports: readonly object[], spec: object = {}) => {
    const given = service("kvs", { ports });
    const claims = claimsIn([given, placement("by-key", "", spec)]);
    return claims.get("Placement/default/by-key")!.conditions![0]!;
  };
  const db = { name: "db", port: 5432, appProtocol: "postgresql" };
  expect(accepted([db])).toMatchObject({
    status: "False",
    reason: "UnsupportedProtocol",
    message:
      "Service default/kvs carries octets (5432=opaque), which have no path segment 1: its connections fail as unsupported. A key by source or identity needs no request.",
  });
  expect(accepted([db], { key: { source: true } }).status).toBe("True");
  expect(accepted([db, { name: "web", port: 80 }]).status).toBe("True");
});
