import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { endpointsDoc, proxyDoc, serviceDoc } from "../../test/support/documents.ts";
import { tcp } from "../model/address.ts";
import {
  type Document,
  documentKey,
  type RoutesDoc,
  type ServiceDoc,
  type TlsRouteDoc,
} from "../model/document.ts";
import { documentKeyOf, parseDelta, parseDocument } from "./codec.ts";
import { applyDelta, diffSnapshots, isMismatch } from "./diff.ts";
import { canonicalJson, Digester } from "./digest.ts";
import { PatchedDocuments } from "./patched-documents.ts";
import type { Snapshot } from "./snapshot.ts";

const routes: RoutesDoc = {
  matches: [
    {
      rule: 0,
      hostnames: ["a.b"],
      path: { type: "prefix", value: "/kvs" },
      method: "GET",
      headers: [{ name: "x", value: "1" }],
      query: [],
    },
  ],
  rules: [
    {
      route: "HTTPRoute/default/front",
      name: "0",
      filters: [
        {
          type: "url-rewrite",
          hostname: null,
          path: { replace: "prefix", from: "/kvs", value: "/" },
        },
      ],
      backends: [{ backend: { service: "default/kvs", port: 80 }, weight: 1, filters: [] }],
      requestTimeoutMs: 500,
      fails: null,
    },
  ],
};
const routed = serviceDoc("kvs", {
  ports: [{ name: null, number: 80, protocol: "http", routes }],
  placement: {
    name: "by-key",
    key: { from: { kind: "path-segment", index: 1 }, type: "integer" },
    slots: 16,
    whenAway: "wait",
  },
});
const placed = endpointsDoc("kvs", ["u1", "u2"], {
  slots: { assignmentEpoch: 3, owners: ["u1", "u2"], assignment: [0, 1, -1] },
});
const secret: TlsRouteDoc = {
  route: "TLSRoute/default/secret",
  name: "0",
  hostnames: ["kvs.example.com", "*.kvs.example.com"],
  backends: [{ backend: { service: "default/kvs", port: 443 }, weight: 1, filters: [] }],
};
const passed = serviceDoc("tls", {
  ports: [{ name: null, number: 443, protocol: "tls", routes: null, tlsRoutes: [secret] }],
});
const full = proxyDoc("u1", {
  inbound: {
    listener: { name: "in", address: tcp("127.0.0.1", 0) },
    ports: [
      {
        service: "default/kvs",
        port: 80,
        protocol: "http",
        target: { kind: "unix", path: "/run/kvs" },
      },
    ],
  },
  outbound: [
    {
      listener: { name: "out-kvs", address: tcp("127.0.0.1", 4001) },
      service: "default/kvs",
      port: 80,
    },
  ],
  forwardProxy: { name: "proxy", address: tcp("127.0.0.1", 4000) },
  gateway: [
    {
      listener: { name: "g", address: tcp("127.0.0.1", 8080) },
      name: "default/front/http",
      routes,
    },
    {
      listener: { name: "g-tls", address: tcp("127.0.0.1", 8443) },
      name: "default/front/tls",
      protocol: "tls",
      routes: { matches: [], rules: [] },
      tlsRoutes: [secret],
    },
  ],
});

const errorsOf = (input: unknown): readonly string[] => {
  const parsed = parseDocument(input);
  return parsed.ok ? [] : parsed.errors;
};
/** A copy of `routed` in which the member at each path is another, or gone. */
function changed(edits: Record<string, unknown>): unknown {
  const copy = structuredClone(routed);
  for (const [path, value] of Object.entries(edits)) {
    const keys = path.split(".");
    const last = keys.pop()!;
    let at = copy as unknown as Record<string, unknown>;
    for (const key of keys) at = at[key] as Record<string, unknown>;
    if (value === undefined) delete at[last];
    else at[last] = value;
  }
  return copy;
}

describe("a document", () => {
  test("that is as its type says is accepted, and is the very object that came", () => {
    for (const document of [routed, placed, passed, full, serviceDoc("a"), proxyDoc("b")]) {
      expect(parseDocument(document)).toEqual({ ok: true, value: document });
      const parsed = parseDocument(document);
      expect(parsed.ok && parsed.value).toBe(document);
    }
  });

  test("of an unknown kind is refused", () => {
    expect(errorsOf({ kind: "secret" })).toEqual([
      'kind: expected one of proxy, service, endpoints, got "secret"',
    ]);
    expect(errorsOf(null)).toHaveLength(1);
    expect(errorsOf({ kind: "toString" })).toHaveLength(1);
  });

  test("shows all that is wrong, each with its path", () => {
    const wrong = changed({
      "ports.0.number": 0,
      "ports.0.routes.matches.0.path.value": "/kvs/",
      "ports.0.routes.rules.0.backends.0.weight": 1.5,
      "ports.0.routes.rules.0.filters.1": { type: "teleport" },
      "policy.picker": undefined,
      colour: "red",
    });
    expect(errorsOf(wrong).toSorted()).toEqual([
      "colour: unknown field",
      "policy.picker: required",
      "ports[0].number: expected a port, 1 to 65535, got 0",
      'ports[0].routes.matches[0].path.value: expected a prefix without a slash at its end, got "/kvs/"',
      "ports[0].routes.rules[0].backends[0].weight: expected a whole number, got 1.5",
      'ports[0].routes.rules[0].filters[1]: expected a filter of a known type (request-headers, reply-headers, url-rewrite, redirect, mirror, cors), got {"type":"teleport"}',
    ]);
  });

  test("whose match names no rule is refused", () => {
    const wrong = changed({ "ports.0.routes.matches.0.rule": 1 });
    expect(errorsOf(wrong)).toEqual([
      "ports[0].routes.matches[0].rule: expected the index of a rule, below 1, got 1",
    ]);
  });

  test("whose slot names no owner is refused", () => {
    const slots = { assignmentEpoch: 1, owners: ["u1"], assignment: [0, 1] };
    expect(errorsOf({ ...placed, slots })).toEqual([
      "slots.assignment[1]: expected the index of an owner, below 1, got 1",
    ]);
  });

  test("whose TLS route has no host name, or one in capitals, is refused", () => {
    const wrong = (hostnames: string[]) => ({
      ...passed,
      ports: [{ ...passed.ports[0], tlsRoutes: [{ ...secret, hostnames }] }],
    });
    expect(errorsOf(wrong([]))).toEqual([
      "ports[0].tlsRoutes[0].hostnames: expected a host name, got []",
    ]);
    expect(errorsOf(wrong(["a.b", "KVS.example.com"]))).toEqual([
      'ports[0].tlsRoutes[0].hostnames[1]: expected a host name, got "KVS.example.com"',
    ]);
  });

  test("has a key even where it is not understood", () => {
    expect(documentKeyOf(routed)).toBe(documentKey(routed));
    expect(documentKeyOf(full)).toBe("proxy");
    expect(documentKeyOf({ kind: "secret", namespace: "a", name: "b", more: 1 })).toBe(
      "secret/a/b",
    );
    expect(documentKeyOf({ kind: "service", namespace: "a" })).toBeNull();
    expect(documentKeyOf("proxy")).toBeNull();
  });

  test("of any shape never makes the codec throw", () => {
    const kind = fc.constantFrom("proxy", "service", "endpoints");
    fc.assert(
      fc.property(fc.object({ maxDepth: 4 }), kind, fc.boolean(), (input, kind, base) => {
        parseDocument({ ...(base ? routed : {}), ...input, kind });
        parseDelta({ ...input });
        documentKeyOf(input);
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});

describe("digests", () => {
  const digester = new Digester();
  const digest = (...documents: Document[]) =>
    digester.digest(new Map(documents.map((document) => [documentKey(document), document])));

  test("do not depend on the order of documents or members", () => {
    const reversed = Object.fromEntries(Object.entries(routed).reverse()) as unknown as ServiceDoc;
    expect(digest(routed, placed, full)).toBe(digest(full, reversed, placed));
  });

  test("tell apart any single change", () => {
    const seen = new Set([digest(), digest(routed), digest(placed), digest(routed, placed)]);
    for (let number = 1; number <= 2000; number++) {
      seen.add(
        digest(
          serviceDoc("kvs", { ports: [{ name: null, number, protocol: "http", routes: null }] }),
        ),
      );
    }
    expect(seen.size).toBe(2004);
  });

  test("no lane repeats among 20,000 small documents more often than chance allows", () => {
    const lanes = [0, 1, 2, 3].map(() => new Set<string>());
    for (let index = 0; index < 20_000; index++) {
      const hash = digester.hash(endpointsDoc(`s${index}`, []));
      for (let lane = 0; lane < 4; lane++) lanes[lane]!.add(hash.slice(lane * 8, lane * 8 + 8));
    }
    // 20,000²/2 pairs over 2^32 values: 0.05 expected.
    for (const lane of lanes) expect(lane.size).toBeGreaterThanOrEqual(19_998);
  });

  test("an undefined member says nothing", () => {
    expect(canonicalJson({ b: [1, undefined, { d: "é", c: null }], a: undefined })).toBe(
      '{"b":[1,null,{"c":null,"d":"é"}]}',
    );
  });
});

describe("deltas", () => {
  const service = fc.record({
    name: fc.constantFrom("a", "b", "c", "d"),
    number: fc.integer({ min: 1, max: 3 }),
  });
  const snapshots = fc
    .record({
      services: fc.array(service, { maxLength: 6 }),
      revision: fc.nat(5),
      endpointsVersion: fc.nat(5),
      epoch: fc.constantFrom("x", "y"),
    })
    .map(
      ({ services, ...version }): Snapshot => ({
        ...version,
        documents: new Map(
          services.map(({ name, number }) => {
            const doc = serviceDoc(name, {
              ports: [{ name: null, number, protocol: "http", routes: null }],
            });
            return [documentKey(doc), doc];
          }),
        ),
      }),
    );
  const wire = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

  test("apply(diff(a, b), a) is b, also over the wire, and the digests agree", () => {
    fc.assert(
      fc.property(snapshots, snapshots, (from, to) => {
        const [sender, receiver] = [new Digester(), new Digester()];
        const delta = wire(diffSnapshots(from, to, sender));
        expect(parseDelta(delta)).toEqual({ ok: true, value: delta });
        const result = applyDelta(from, delta, receiver);
        if (isMismatch(result)) throw new Error(result.mismatch);
        expect(result.documents).toEqual(to.documents);
        expect({ ...result, documents: null }).toEqual({ ...to, documents: null });
        const afresh = new Digester().digest(to.documents);
        expect([sender, receiver].map((one) => one.digest(to.documents))).toEqual([afresh, afresh]);
        expect([delta.digest, receiver.digest(result.documents)]).toEqual([afresh, afresh]);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test("documents patched over and over are as those written anew, and so are deltas between them", () => {
    const names = Array.from({ length: 20 }, (_, at) => `s${at}`);
    const one = (name: string, number: number) =>
      serviceDoc(name, { ports: [{ name: null, number, protocol: "http", routes: null }] });
    const edits = fc.array(
      fc.dictionary(fc.constantFrom(...names), fc.integer({ min: 1, max: 3 }), { maxKeys: 3 }),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(edits, (all) => {
        const start = names.map((name) => one(name, 1));
        let patched: ReadonlyMap<string, Document> = new Map(
          start.map((doc) => [documentKey(doc), doc]),
        );
        const plain = new Map(patched);
        const digester = new Digester();
        const at = (documents: ReadonlyMap<string, Document>, revision: number): Snapshot => ({
          epoch: "x",
          revision,
          endpointsVersion: 0,
          documents,
        });
        for (const [revision, edit] of all.entries()) {
          const replaced = new Map<string, Document>();
          for (const [name, number] of Object.entries(edit)) {
            replaced.set(`service/default/${name}`, one(name, number));
          }
          const [before, plainBefore] = [at(patched, revision), at(new Map(plain), revision)];
          patched = PatchedDocuments.of(patched, replaced);
          for (const [key, document] of replaced) plain.set(key, document);
          expect([...patched]).toEqual([...plain]);
          expect([...patched.values()]).toEqual([...plain.values()]);
          const delta = diffSnapshots(before, at(patched, revision + 1), digester);
          const expected = diffSnapshots(plainBefore, at(plain, revision + 1), new Digester());
          const keys = (some: readonly Document[]) => some.map(documentKey).sort();
          expect(keys(delta.changed)).toEqual(keys(expected.changed));
          expect(delta.digest).toBe(expected.digest);
        }
      }),
      { seed: 1, numRuns: 50 },
    );
  });

  test("the whole applies to anything, and keeps objects that say the same", () => {
    const digester = new Digester();
    const version = { epoch: "x", revision: 1, endpointsVersion: 1 };
    const [kvs, other] = [serviceDoc("kvs"), serviceDoc("other")];
    const to = { ...version, documents: new Map<string, Document>([["service/default/kvs", kvs]]) };
    const whole = wire(diffSnapshots(null, to, digester));
    const old = {
      ...version,
      revision: 7,
      documents: new Map<string, Document>([
        ["service/default/kvs", kvs],
        ["service/default/other", other],
      ]),
    };
    for (const from of [null, old]) expect(applyDelta(from, whole, digester)).toEqual(to);
    const result = applyDelta(old, whole, digester) as Snapshot;
    expect(result.documents.get("service/default/kvs")).toBe(kvs);
  });

  test("from another base, or to another result, are a mismatch", () => {
    const digester = new Digester();
    const a: Snapshot = { epoch: "x", revision: 1, endpointsVersion: 1, documents: new Map() };
    const b: Snapshot = {
      ...a,
      revision: 2,
      documents: new Map([["service/default/kvs", serviceDoc("kvs")]]),
    };
    const delta = diffSnapshots(a, b, digester);
    for (const from of [null, b, { ...a, epoch: "y" }, { ...a, endpointsVersion: 2 }]) {
      expect(applyDelta(from, delta, digester)).toEqual({ mismatch: "base" });
    }
    const edited = { ...a, documents: new Map([["service/default/other", serviceDoc("other")]]) };
    expect(applyDelta(edited, delta, digester)).toEqual({ mismatch: "digest" });
  });

  test("an unchanged document does not travel", () => {
    const digester = new Digester();
    const a: Snapshot = {
      epoch: "x",
      revision: 1,
      endpointsVersion: 1,
      documents: new Map([["service/default/kvs", serviceDoc("kvs")]]),
    };
    const b = {
      ...a,
      revision: 2,
      documents: new Map([["service/default/kvs", serviceDoc("kvs")]]),
    };
    expect(diffSnapshots(a, b, digester)).toMatchObject({ changed: [], removed: [] });
  });
});
