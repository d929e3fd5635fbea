import { describe, expect, test } from "vitest";
import { tcp } from "../../model/address.ts";
import { compileEndpoints } from "./endpoints.ts";
import { compileProxy, inOrder } from "./proxy.ts";
import { service } from "./samples.fixture.ts";
import { socketsOf } from "./sockets.ts";
import { resolveTargetPort } from "./target-port.ts";
import type { WorkloadView } from "./workload-view.ts";

const view: WorkloadView = {
  uid: "u0",
  name: "kvs-0",
  namespace: "default",
  identity: null,
  labels: { app: "kvs" },
  ports: [{ name: "http", number: null, address: tcp("127.0.0.1", 9000) }],
  gateway: null,
  inbound: tcp("127.0.0.1", 9001),
  state: { phase: "ready" },
};
const kvs = service("kvs", { ports: [{ name: "http", port: 80, targetPort: "http" }] });
const other = service("other", {}, "shop");

describe("target ports", () => {
  const ports = [
    { name: "http", number: 8080 },
    { name: "admin", number: null },
  ];
  const resolve = (port: object) => resolveTargetPort({ port: 80, ...port }, ports)?.name ?? null;

  test("a name means the port of that name, a number the one called so", () => {
    expect(resolve({ targetPort: "admin" })).toBe("admin");
    expect(resolve({ targetPort: 8080 })).toBe("http");
    expect(resolve({ targetPort: 9 })).toBeNull();
    expect(resolve({ targetPort: "http2" })).toBeNull();
  });

  test("without one: the Service port's number, its name, or the only port", () => {
    expect(resolve({ port: 8080 })).toBe("http");
    expect(resolve({ name: "admin" })).toBe("admin");
    expect(resolve({})).toBeNull();
    expect(resolveTargetPort({ port: 80 }, [ports[1]!])).toBe(ports[1]);
  });
});

test("a proxy listens for its process, for each port of each service, and as HTTP_PROXY", () => {
  const requests = socketsOf(view, [kvs, other], null);
  expect(requests.map(({ name }) => name)).toEqual([
    "kvs-0.default/forward",
    "kvs-0.default/inbound",
    "kvs-0.default/outbound/default/kvs:80",
    "kvs-0.default/outbound/shop/other:80",
  ]);
  const sockets = new Map(
    requests.map(({ name }, index) => [name, tcp("127.0.0.1", 5000 + index)]),
  );
  const doc = compileProxy(view, {
    clusterDomain: "cluster.local",
    services: inOrder([other, kvs]),
    gateway: null,
    socketAddress: (name) => sockets.get(name) ?? null,
  });
  expect(doc.inbound?.ports).toEqual([
    { service: "default/kvs", port: 80, protocol: "detect", target: tcp("127.0.0.1", 9000) },
  ]);
  expect(doc.outbound.map((one) => one.service)).toEqual(["default/kvs", "shop/other"]);
  expect(doc.forwardProxy?.address).toEqual(tcp("127.0.0.1", 5000));
  expect(doc.workload).toEqual({ uid: "u0", name: "kvs-0", namespace: "default", identity: null });
});

test("a socket that is not bound yet has no listener yet", () => {
  const doc = compileProxy(view, {
    clusterDomain: "cluster.local",
    services: [kvs],
    gateway: null,
    socketAddress: () => null,
  });
  expect(doc).toMatchObject({ inbound: null, outbound: [], forwardProxy: null });
});

test("a pure caller has no inbound socket", () => {
  const names = socketsOf({ ...view, labels: {} }, [kvs], null).map(({ name }) => name);
  expect(names).not.toContain("kvs-0.default/inbound");
});

describe("endpoints", () => {
  const workloads = [
    { ...view, uid: "u1", name: "kvs-1", state: { phase: "draining" as const } },
    view,
    { ...view, uid: "u2", name: "kvs-2", state: null },
    { ...view, uid: "u3", name: "kvs-3", inbound: null },
    { ...view, uid: "u4", name: "kvs-4", namespace: "shop" },
    { ...view, uid: "u5", name: "x-0", labels: { app: "x" } },
  ];

  test("are the workloads that the selector means, once they are known to serve, by name", () => {
    const { endpoints } = compileEndpoints(kvs, workloads, null);
    expect(endpoints.map(({ workload, state }) => `${workload} ${state.phase}`)).toEqual([
      "kvs-0 ready",
      "kvs-1 draining",
    ]);
  });

  test("a Service without selector has none", () => {
    expect(compileEndpoints(service("kvs", { selector: {} }), workloads, null).endpoints).toEqual(
      [],
    );
  });
});
