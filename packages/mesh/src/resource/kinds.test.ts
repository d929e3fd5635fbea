import { describe, expect, test } from "vitest";
import { checkResource, kindOf } from "./check.ts";
import { eventKind } from "./core/event.ts";
import { verdictOf } from "./heddle/contract.ts";
import { findKind, findKindByWord, kinds } from "./index.ts";
import { apiVersion } from "./kind.ts";
import { formatProblem } from "./schema/problem.ts";

/** What is wrong with a resource that has only a spec. */
function problemsOf(
  kind: string,
  spec: object,
  metadata: object = { name: "x" },
): readonly string[] {
  const found = kinds.find((one) => one.kind === kind)!;
  const version = apiVersion(found.group, found.version);
  const checked = checkResource(found, { apiVersion: version, kind, metadata, spec });
  return checked.ok ? [] : checked.problems.map(formatProblem);
}

describe("a TLSRoute", () => {
  const rules = [{ backendRefs: [{ name: "kvs", port: 443 }] }];

  // After hack/invalid-examples/standard/tlsroute of the Gateway API, v1.6.1.
  test("has host names, which are no addresses", () => {
    expect(problemsOf("TLSRoute", { hostnames: ["a.example.com", "*.b"], rules })).toEqual([]);
    expect(problemsOf("TLSRoute", { rules })).toEqual(["spec.hostnames: required"]);
    expect(problemsOf("TLSRoute", { hostnames: [], rules })).toHaveLength(1);
    expect(problemsOf("TLSRoute", { hostnames: ["10.0.0.1", "a.*.b"], rules })[0]).toContain(
      "spec.hostnames[1]: expected a host name",
    );
    expect(problemsOf("TLSRoute", { hostnames: ["10.0.0.1"], rules })).toEqual([
      "spec.hostnames[0]: expected a host name, not an IP address",
    ]);
  });

  test("has one rule, with a backend at least, each with a port", () => {
    const hostnames = ["a.b"];
    expect(problemsOf("TLSRoute", { hostnames, rules: [...rules, ...rules] })).toHaveLength(1);
    expect(problemsOf("TLSRoute", { hostnames, rules: [{ backendRefs: [] }] })).toHaveLength(1);
    expect(
      problemsOf("TLSRoute", { hostnames, rules: [{ backendRefs: [{ name: "kvs" }] }] }),
    ).toEqual(["spec.rules[0].backendRefs[0].port: required for a Service"]);
  });
});

describe("the table of kinds", () => {
  test("has no two kinds that answer to one name, but for those that two groups have", () => {
    const words = kinds.flatMap(({ kind, title, plural, shortNames }) =>
      title === kind ? [kind.toLowerCase(), plural, ...shortNames] : [title, ...shortNames],
    );
    expect(new Set(words).size).toBe(words.length);
  });

  test("is read by people's words and by apiVersion and kind", () => {
    expect(findKindByWord("svc")?.kind).toBe("Service");
    expect(findKindByWord("HTTPRoute")?.plural).toBe("httproutes");
    expect(findKindByWord("placements.heddle.dev")?.kind).toBe("Placement");
    expect(findKindByWord("placement.heddle.dev")?.kind).toBe("Placement");
    expect(findKindByWord("kvs")).toBeNull();
    expect(findKindByWord("services.heddle.dev")).toBeNull();
    expect(findKind("v1", "Service")?.plural).toBe("services");
    expect(findKind("v2", "Service")).toBeNull();
    expect(kindOf({ apiVersion: "heddle.dev/v1alpha1", kind: "Mesh" })?.isNamespaced).toBe(false);
    expect(kindOf("text")).toBeNull();
  });

  test.each(kinds.map((kind) => [kind.title, kind] as const))(
    "%s: columns say something, or nothing, also before there is a status",
    (_name, { kind, group, version, columns }) => {
      const spec = {
        command: ["p"],
        targetRefs: [],
        key: { identity: true },
        controllerName: "a.b/c",
        gatewayClassName: "heddle",
        definition: "kvs",
        consistency: "caller",
        targetRef: { kind: "HTTPRoute", name: "split" },
        steps: [],
      };
      const resource = {
        apiVersion: apiVersion(group, version),
        kind,
        metadata: { name: "x" },
        spec,
      };
      for (const { value } of columns) {
        expect(["string", "number", "object"]).toContain(typeof value(resource));
      }
    },
  );
});

describe("metadata", () => {
  test("names are what the kind allows", () => {
    const spec = { ports: [{ port: 80 }] };
    expect(problemsOf("Service", spec, { name: "kvs" })).toEqual([]);
    expect(problemsOf("Service", spec, { name: "1kvs" })).toHaveLength(1);
    expect(problemsOf("Service", spec, { name: "KVS" })).toHaveLength(1);
    expect(problemsOf("Process", { command: ["p"] }, { name: "p".repeat(59) })).toHaveLength(1);
    expect(problemsOf("Mesh", {}, { name: "other" })).toEqual([
      'metadata.name: expected mesh, got "other"',
    ]);
  });

  test("labels are labels, and a cluster-wide kind has no namespace", () => {
    const labels = { app: "ok", "Bad Name": "x", worse: "-" };
    expect(problemsOf("Process", { command: ["p"] }, { name: "x", labels })).toHaveLength(2);
    expect(problemsOf("Mesh", {}, { name: "mesh", namespace: "default" })).toHaveLength(1);
  });
});

describe("Service", () => {
  test("several ports have names, once each", () => {
    expect(problemsOf("Service", { ports: [{ port: 80 }, { name: "b", port: 80 }] })).toEqual([
      "spec.ports[0].name: required, because the Service has several ports",
      "spec.ports[1].port: 80 is there already, at [0]",
    ]);
    const dns = [
      { name: "udp", port: 53, protocol: "UDP" },
      { name: "tcp", port: 53 },
    ];
    expect(problemsOf("Service", { ports: dns })).toEqual([]);
  });

  test("has ports, unless it only names a host", () => {
    expect(problemsOf("Service", {})).toEqual(["spec.ports: required"]);
    expect(problemsOf("Service", { type: "ExternalName" })).toEqual([
      "spec.externalName: required for type ExternalName",
    ]);
    expect(problemsOf("Service", { type: "ExternalName", externalName: "a.b" })).toEqual([]);
  });
});

describe("Process", () => {
  const process = (spec: object) => problemsOf("Process", { command: ["p"], ...spec });

  test("has a command", () => {
    expect(problemsOf("Process", {})).toEqual(["spec.command: required"]);
    expect(problemsOf("Process", { command: [] })).toHaveLength(1);
  });

  test("a fixed port needs one replica", () => {
    const ports = [{ name: "http", bind: 80 }];
    expect(process({ ports })).toEqual([]);
    expect(process({ ports, replicas: 2 })).toEqual([
      "spec.ports[0].bind: a fixed port needs one replica, and there are 2",
    ]);
  });

  test("a probe asks in one way, at a port that is there", () => {
    const ports = [{ name: "http", number: 8080 }];
    const probe = (readinessProbe: object) => process({ ports, readinessProbe });
    expect(probe({ httpGet: { path: "/", port: "http" } })).toEqual([]);
    expect(probe({ tcpSocket: { port: 8080 } })).toEqual([]);
    expect(probe({ exec: { command: ["true"] } })).toEqual([]);
    expect(probe({ httpGet: {} })).toEqual([]);
    expect(probe({})).toHaveLength(1);
    expect(probe({ httpGet: {}, tcpSocket: {} })).toHaveLength(1);
    expect(probe({ httpGet: { port: "htp" } })).toEqual([
      "spec.readinessProbe.httpGet.port: no such port; there is http",
    ]);
    expect(process({ readinessProbe: { tcpSocket: {} } })).toHaveLength(1);
  });

  test("does not promise an isolation that is not there", () => {
    expect(process({ isolate: "namespace" })).toHaveLength(1);
  });
});

describe("Placement", () => {
  const placement = (key: object, more: object = {}) =>
    problemsOf("Placement", { targetRefs: [{ kind: "Service", name: "kvs" }], key, ...more });

  test("has one key", () => {
    expect(placement({ pathSegment: 1, type: "integer" })).toEqual([]);
    expect(placement({ source: true })).toEqual([]);
    expect(placement({})).toHaveLength(1);
    expect(placement({ header: "a", query: "b" })).toHaveLength(1);
    expect(placement({ identity: false })).toHaveLength(1);
    expect(placement({ identity: true, type: "integer" })).toHaveLength(1);
    expect(placement({ pathSegment: 0 })).toHaveLength(1);
  });

  test("targets Services, each once", () => {
    const kvs = { kind: "Service", name: "kvs" };
    expect(placement({ source: true }, { targetRefs: [kvs, kvs] })).toHaveLength(1);
    expect(
      placement({ source: true }, { targetRefs: [{ kind: "Process", name: "kvs" }] }),
    ).toHaveLength(1);
  });
});

describe("Contract", () => {
  const kvs = { kind: "Service", name: "kvs" };
  const get = {
    name: "get",
    takes: ["k"],
    changes: false,
    method: "GET",
    path: [{ parameter: "k", type: "integer" }],
    ok: [200],
  };
  const contract = (more: object = {}) =>
    problemsOf("Contract", {
      targetRefs: [kvs],
      definition: "./kvs.contract.ts#kvs",
      consistency: "linearizable",
      ...more,
    });

  test("is about Services, each once, and says how strong it is", () => {
    expect(contract()).toEqual([]);
    expect(contract({ targetRefs: [] })).toHaveLength(1);
    expect(contract({ targetRefs: [kvs, kvs] })).toHaveLength(1);
    expect(contract({ consistency: "linearisable" })).toEqual([
      'spec.consistency: expected caller, monotonic-reads, read-your-writes, linearizable, got "linearisable"; did you mean "linearizable"?',
    ]);
    expect(contract({ valueBytesMax: 65_537 })).toHaveLength(1);
    expect(contract({ sampling: { keysPercent: 0 } })).toHaveLength(1);
  });

  test("a part of a path is a literal or a parameter, and null stands for nothing", () => {
    const path = (part: object) => contract({ operations: [{ ...get, path: [part] }] });
    expect(path({ parameter: "k", type: "integer" })).toEqual([]);
    expect(contract({ operations: [{ ...get, body: null, gives: null }] })).toEqual([]);
    expect(path({})).toHaveLength(1);
    expect(path({ literal: "a", parameter: "k", type: "integer" })).toHaveLength(1);
    expect(path({ parameter: "k" })).toEqual(["spec.operations[0].path[0].type: required"]);
  });

  test("every parameter is in the signature, and every one of the signature in the request", () => {
    expect(contract({ operations: [{ ...get, takes: [] }] })).toEqual([
      'spec.operations[0].takes: "k" is not in it',
    ]);
    expect(contract({ operations: [{ ...get, takes: ["k", "v"] }] })).toEqual([
      'spec.operations[0].takes[1]: "v" is nowhere in the request',
    ]);
  });

  test("a key is read from every operation's head; a status means one thing", () => {
    expect(contract({ key: "k", operations: [get] })).toEqual([]);
    const size = { ...get, name: "size", takes: [], path: [{ literal: "size" }] };
    expect(contract({ key: "k", operations: [get, size] })).toEqual([
      'spec.key: "k" is in neither path, query nor fields of size',
    ]);
    expect(contract({ operations: [{ ...get, refused: [200] }] })).toEqual([
      "spec.operations[0].refused[0]: 200 is in ok, too",
    ]);
  });

  test("shows what it last came to", () => {
    const shown = (status?: string) =>
      verdictOf({
        apiVersion: "heddle.dev/v1alpha1",
        kind: "Contract",
        metadata: { name: "kvs" },
        status: { conditions: status === undefined ? [] : [{ type: "Holds", status }] },
      });
    expect([undefined, "True", "False", "Unknown"].map(shown)).toEqual([
      null,
      "holds",
      "violated",
      "undecided",
    ]);
  });
});

describe("Fault", () => {
  const fault = (more: object) =>
    problemsOf("Fault", { targetRefs: [{ kind: "Service", name: "kvs" }], ...more });

  test("delays, resets, or both", () => {
    expect(fault({})).toEqual(["spec: expected one or more of delay, reset, abort, bandwidth"]);
    expect(fault({ reset: { percent: 1 } })).toEqual([]);
    expect(fault({ delay: { percent: 1, milliseconds: 5 }, callers: ["e"] })).toEqual([]);
    expect(fault({ delay: { percent: 101, milliseconds: 5 } })).toHaveLength(1);
    expect(fault({ delay: { percent: 5 } })).toHaveLength(1);
  });
});

test("an Event has fields of its own and no spec", () => {
  const event = {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "kvs.1" },
    involvedObject: { kind: "Contract", name: "kvs" },
    reason: "ContractViolated",
    type: "Warning",
    count: 2,
  };
  expect(checkResource(eventKind, event)).toMatchObject({ ok: true, notes: [] });
  expect(checkResource(eventKind, { ...event, spec: {} }).ok).toBe(false);
  expect(eventKind.columns.map(({ name, value }) => [name, value(event)])).toEqual([
    ["LAST SEEN", null],
    ["TYPE", "Warning"],
    ["REASON", "ContractViolated"],
    ["OBJECT", "contract/kvs"],
    ["COUNT", 2],
    ["MESSAGE", null],
  ]);
});

describe("HTTPRoute", () => {
  const header = (value: string) =>
    problemsOf("HTTPRoute", {
      rules: [
        {
          filters: [
            {
              type: "RequestHeaderModifier",
              requestHeaderModifier: { set: [{ name: "a", value }] },
            },
          ],
        },
      ],
    });

  test("a header value cannot end its line", () => {
    for (const value of ["plain\tvälue", "5 €"]) expect(header(value)).toEqual([]);
    for (const value of ["a\r\nb", "a\nb", "a\0"]) expect(header(value)).toHaveLength(1);
  });
});

test("an annotation of ours says what it may say; others are free", () => {
  const asking = (annotations: object) =>
    problemsOf("Service", { ports: [{ port: 80 }] }, { name: "x", annotations });
  expect(asking({ "heddle.dev/picker": "round-robin", "example.com/picker": "any" })).toEqual([]);
  expect(asking({ "heddle.dev/picker": "round-robbin" })).toEqual([
    'metadata.annotations["heddle.dev/picker"]: expected p2c-ewma, least-request, round-robin, random, ring-hash, maglev, got "round-robbin"; did you mean "round-robin"?',
  ]);
});
