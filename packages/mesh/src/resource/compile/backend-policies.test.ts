import { describe, expect, test } from "vitest";
import type { KnownResource } from "../index.ts";
import { MeshIndex } from "./mesh-index.ts";
import { admit, claimsIn, ofGatewayApi, service, worldOf } from "./samples.fixture.ts";
import { compileService } from "./service.ts";

/** gamma.md §5. */

const kvs = service("kvs", {
  ports: [
    { name: "web", port: 80 },
    { name: "admin", port: 81 },
  ],
});
const target = (more: object = {}) => ({ group: "", kind: "Service", name: "kvs", ...more });
const pem = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----`;
const configMap = (name: string, data: object = { "ca.crt": pem("AAAA") }): KnownResource =>
  admit({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" }, data });

describe("a BackendTLSPolicy", () => {
  const policy = (
    name: string,
    validation: object,
    { created = "", targetRefs = [target()] as readonly object[] } = {},
  ) =>
    ofGatewayApi(
      "BackendTLSPolicy",
      name,
      { targetRefs, validation: { hostname: "kvs.example", ...validation } },
      { created },
    );
  const system = { wellKnownCACertificates: "System" };
  const refs = (...names: readonly string[]) => ({
    caCertificateRefs: names.map((name) => ({ group: "", kind: "ConfigMap", name })),
  });
  const tlsOf = (...all: readonly KnownResource[]) =>
    compileService(kvs, worldOf(kvs, ...all)).backendTls;
  const saidOf = (name: string, ...all: readonly KnownResource[]) =>
    claimsIn([kvs, ...all])
      .get(`BackendTLSPolicy/default/${name}`)!
      .ancestors!.map(({ conditions }) =>
        conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`),
      );

  test("says whom the proxy beside a process asks for, and whom it trusts", () => {
    const plain = { serverName: "kvs.example", names: ["kvs.example"], fails: null };
    expect([...tlsOf(policy("p", system))]).toEqual([
      [80, { ...plain, ca: null }],
      [81, { ...plain, ca: null }],
    ]);
    const named = policy("p", {
      ...refs("one", "two"),
      subjectAltNames: [
        { type: "Hostname", hostname: "a.example" },
        { type: "URI", uri: "spiffe://a/b" },
      ],
    });
    const cas = [configMap("one"), configMap("two", { "ca.crt": pem("BBBB") })];
    expect(tlsOf(named, ...cas).get(80)).toEqual({
      serverName: "kvs.example",
      ca: `${pem("AAAA")}\n${pem("BBBB")}\n`,
      names: ["a.example", "spiffe://a/b"],
      fails: null,
    });
    expect(saidOf("p", named, ...cas)).toEqual([
      ["Accepted True Accepted", "ResolvedRefs True ResolvedRefs"],
    ]);
  });

  test("of a port wins over that of the whole Service", () => {
    const web = policy(
      "web",
      { ...system, hostname: "web.example" },
      { targetRefs: [target({ sectionName: "web" })] },
    );
    const all = tlsOf(policy("all", system), web);
    expect([all.get(80)!.serverName, all.get(81)!.serverName]).toEqual([
      "web.example",
      "kvs.example",
    ]);
    expect(saidOf("all", policy("all", system), web)[0]![0]).toBe("Accepted True Accepted");
  });

  test("of two on one target the older holds", () => {
    const [old, young] = [
      policy("old", { ...system, hostname: "old.example" }, { created: "2026-01-01T00:00:00Z" }),
      policy("young", system, { created: "2026-01-02T00:00:00Z" }),
    ];
    expect(tlsOf(young, old).get(80)!.serverName).toBe("old.example");
    expect(saidOf("young", young, old)[0]![0]).toBe("Accepted False Conflicted");
    expect(saidOf("old", young, old)[0]![0]).toBe("Accepted True Accepted");
  });

  test("with some bad authorities goes on with the others, with none of them nothing is sent", () => {
    const some = policy("p", refs("one", "gone"));
    expect(tlsOf(some, configMap("one")).get(80)).toMatchObject({
      ca: `${pem("AAAA")}\n`,
      fails: null,
    });
    expect(saidOf("p", some, configMap("one"))).toEqual([
      ["Accepted True Accepted", "ResolvedRefs False InvalidCACertificateRef"],
    ]);
    const empty = configMap("gone", { "ca.crt": "nonsense" });
    expect(tlsOf(policy("p", refs("gone")), empty).get(80)).toMatchObject({
      ca: null,
      fails: "ConfigMap default/gone has no certificate in ca.crt, or is not there.",
    });
    expect(saidOf("p", policy("p", refs("gone")), empty)).toEqual([
      ["Accepted False NoValidCACertificate", "ResolvedRefs False InvalidCACertificateRef"],
    ]);
    const secret = policy("p", { caCertificateRefs: [{ group: "", kind: "Secret", name: "s" }] });
    expect(saidOf("p", secret)[0]![1]).toBe("ResolvedRefs False InvalidKind");
  });

  test("says of each target what became of it", () => {
    const targetRefs = [
      target({ sectionName: "web" }),
      target({ sectionName: "none" }),
      target({ name: "gone" }),
      { group: "a.b", kind: "Bucket", name: "kvs" },
    ];
    const accepted = saidOf("p", policy("p", system, { targetRefs })).map(([first]) => first);
    expect(accepted).toEqual([
      "Accepted True Accepted",
      ...Array(3).fill("Accepted False TargetNotFound"),
    ]);
  });

  test("reaches the proxies beside its processes, and leaves them with it", () => {
    const index = new MeshIndex();
    const address = { kind: "tcp", host: "127.0.0.1", port: 9000 } as const;
    index.putWorkload({
      uid: "u1",
      name: "kvs-0",
      namespace: "default",
      identity: null,
      labels: { app: "kvs" },
      ports: [{ name: "web", number: 80, address }],
      gateway: null,
      inbound: address,
      state: { phase: "ready" },
    });
    index.setSockets(new Map([["kvs-0.default/inbound", address]]));
    index.put(kvs);
    index.take();
    const tlsNow = () => index.outputs.proxies.get("u1")!.inbound!.ports[0]!.tls?.ca;
    const one = policy("p", refs("one"));
    index.put(one);
    expect(index.take().proxies.has("u1")).toBe(true);
    expect(tlsNow()).toBeNull();
    index.put(configMap("one"));
    index.take();
    expect(tlsNow()).toBe(`${pem("AAAA")}\n`);
    index.remove(one);
    index.take();
    expect(tlsNow()).toBeUndefined();
  });
});

describe("an XBackendTrafficPolicy", () => {
  const policy = (name: string, spec: object, created = "") =>
    ofGatewayApi(
      "XBackendTrafficPolicy",
      name,
      { targetRefs: [target()], ...spec },
      { created, version: "gateway.networking.x-k8s.io/v1alpha1" },
    );
  const policyOf = (...all: readonly KnownResource[]) =>
    compileService(kvs, worldOf(kvs, ...all)).doc.policy;

  test("sets the budget of retries, with upstream's numbers where it says none", () => {
    expect(policyOf(policy("p", { retryConstraint: {} })).budget).toEqual({
      ratio: 0.2,
      perSecondMin: 10,
      windowMs: 10_000,
    });
    const retryConstraint = {
      budget: { percent: 5, interval: "1m" },
      minRetryRate: { count: 3, interval: "2s" },
    };
    expect(policyOf(policy("p", { retryConstraint })).budget).toEqual({
      ratio: 0.05,
      perSecondMin: 1.5,
      windowMs: 60_000,
    });
  });

  test("sets sessions of the Service", () => {
    const session = policyOf(policy("p", { sessionPersistence: { sessionName: "s" } })).session;
    expect(session).toMatchObject({ in: { kind: "cookie", name: "s" } });
  });

  test("of two the older holds, and the other is told", () => {
    const [old, young] = [
      policy("old", { retryConstraint: { budget: { percent: 1 } } }, "2026-01-01T00:00:00Z"),
      policy("young", { retryConstraint: {} }, "2026-01-02T00:00:00Z"),
    ];
    expect(policyOf(young, old).budget!.ratio).toBe(0.01);
    const { ancestors } = claimsIn([kvs, young, old]).get("XBackendTrafficPolicy/default/young")!;
    expect(ancestors![0]!.conditions[0]).toMatchObject({ status: "False", reason: "Conflicted" });
  });
});
