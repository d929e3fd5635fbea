import { tcp } from "@heddle/mesh/model/address.ts";
import type { EndpointsDoc, ProxyDoc, ServiceDoc } from "@heddle/mesh/model/document.ts";
import { defaultBackendPolicy } from "@heddle/mesh/policy/backend-policy.ts";

/** A service with one http port 80, no routes and no placement. */
export function serviceDoc(name: string, changes: Partial<ServiceDoc> = {}): ServiceDoc {
  return {
    kind: "service",
    namespace: "default",
    name,
    ports: [{ name: "http", number: 80, protocol: "http", routes: null }],
    placement: null,
    contract: null,
    fault: null,
    policy: defaultBackendPolicy,
    ...changes,
  };
}

/** Ready endpoints `<uid>` on ports 9001, 9002 …, without identities. */
export function endpointsDoc(
  name: string,
  uids: readonly string[],
  changes: Partial<EndpointsDoc> = {},
): EndpointsDoc {
  return {
    kind: "endpoints",
    namespace: "default",
    name,
    endpoints: uids.map((uid, index) => ({
      uid,
      workload: uid,
      address: tcp("127.0.0.1", 9001 + index),
      identity: null,
      state: { phase: "ready" },
    })),
    slots: null,
    ...changes,
  };
}

/** The proxy of a pure caller without listeners. */
export function proxyDoc(uid: string, changes: Partial<ProxyDoc> = {}): ProxyDoc {
  return {
    kind: "proxy",
    workload: { uid, name: uid, namespace: "default", identity: null },
    clusterDomain: "cluster.local",
    inbound: null,
    outbound: [],
    forwardProxy: null,
    gateway: [],
    ...changes,
  };
}
