import { tcp } from "@heddle/mesh/model/address.ts";
import type {
  ContractDoc,
  EndpointsDoc,
  ProxyDoc,
  RoutesDoc,
  ServiceDoc,
} from "@heddle/mesh/model/document.ts";
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

/** One HTTPRoute whose only rule sends every request to port 80 of `name`. */
export function routesTo(name: string): RoutesDoc {
  const backend = { service: `default/${name}`, port: 80 } as const;
  return {
    matches: [
      {
        rule: 0,
        hostnames: [],
        path: { type: "prefix", value: "/" },
        method: null,
        headers: [],
        query: [],
      },
    ],
    rules: [
      {
        route: `HTTPRoute/default/${name}`,
        name: "0",
        filters: [],
        backends: [{ backend, weight: 1, filters: [] }],
        requestTimeoutMs: null,
        fails: null,
      },
    ],
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

/** A key-value store: `GET /{k}` gives, `PUT /{k}` takes a value; by key, all keys. */
export function kvsContract(changes: Partial<ContractDoc> = {}): ContractDoc {
  const k = { parameter: "k", type: "integer" } as const;
  const get = {
    name: "get",
    takes: ["k"],
    changes: false,
    method: "GET",
    path: [k],
    query: [],
    fields: [],
    body: null,
    gives: "opaque",
    ok: [200],
    refused: [],
  } as const;
  const put = {
    ...get,
    name: "put",
    takes: ["k", "v"],
    changes: true,
    method: "PUT",
    body: { parameter: "v", type: "opaque" },
    gives: null,
  } as const;
  return {
    name: "default/kvs",
    operations: [get, put],
    key: "k",
    keyShare: 1,
    values: "clear",
    hashKey: "00".repeat(16),
    valueBytesMax: 16,
    callerField: null,
    ...changes,
  };
}
