import { type Address, tcp } from "@heddle/mesh/model/address.ts";
import type {
  ContractDoc,
  Document,
  EndpointsDoc,
  ProxyDoc,
  ServiceDoc,
} from "@heddle/mesh/model/document.ts";
import type { SpiffeId } from "@heddle/mesh/model/identity.ts";
import type { PortProtocol } from "@heddle/mesh/model/protocol.ts";
import { routesTo } from "../../packages/mesh/test/support/documents.ts";

const loopback = (port: number): Address => tcp("127.0.0.1", port);

/** A Contract as it is compiled: each request reads one key, of which the reply's body is the value. */
export const contract: ContractDoc = {
  name: "default/bench",
  operations: [
    {
      name: "get",
      takes: ["k"],
      changes: false,
      method: "GET",
      path: [{ parameter: "k", type: "opaque" }],
      query: [],
      fields: [],
      body: null,
      gives: "opaque",
      ok: [200],
      refused: [],
    },
  ],
  key: "k",
  keyShare: 1,
  values: "hashed",
  hashKey: "000102030405060708090a0b0c0d0e0f",
  valueBytesMax: 1024,
  callerField: null,
};

/** What the control plane compiles for a service of one process with one HTTPRoute that sends all to it: a route is
 *  matched, an endpoint picked by P2C, a record made, as for any service of a mesh. */
function service(attached: ContractDoc | null, protocol: PortProtocol): ServiceDoc {
  return {
    kind: "service",
    namespace: "default",
    name: "bench",
    ports: [
      {
        name: null,
        number: 80,
        protocol,
        routes: protocol === "opaque" ? null : routesTo("bench"),
      },
    ],
    placement: null,
    contract: attached,
    fault: null,
    policy: {
      picker: "p2c-ewma",
      connectTimeoutMs: 1000,
      requestTimeoutMs: null,
      queueMax: 100,
      failfastMs: 3000,
    },
  };
}

function endpoints(port: number, identity: SpiffeId | null): EndpointsDoc {
  return {
    kind: "endpoints",
    namespace: "default",
    name: "bench",
    endpoints: [
      {
        uid: "callee",
        workload: "callee-0",
        address: loopback(port),
        identity,
        state: { phase: "ready" },
      },
    ],
    slots: null,
  };
}

/** The caller's side: one listener, which leads to whatever answers on `upstream`: the origin, or a peer's proxy where
 *  an identity is expected there. */
export function callerDocuments(options: {
  readonly port: number;
  readonly upstream: number;
  readonly identity: SpiffeId | null;
  readonly peer: SpiffeId | null;
  readonly contract: ContractDoc | null;
  /** What the service's port carries. */
  readonly protocol: PortProtocol;
}): readonly Document[] {
  const proxy: ProxyDoc = {
    kind: "proxy",
    workload: {
      uid: "caller",
      name: "caller-0",
      namespace: "default",
      identity: options.identity,
    },
    clusterDomain: "cluster.local",
    inbound: null,
    outbound: [
      {
        listener: { name: "outbound", address: loopback(options.port) },
        service: "default/bench",
        port: 80,
      },
    ],
    forwardProxy: null,
    gateway: [],
  };
  return [
    proxy,
    service(options.contract, options.protocol),
    endpoints(options.upstream, options.peer),
  ];
}

/** The callee's side: mutual TLS in, the origin behind it. */
export function calleeDocuments(options: {
  readonly port: number;
  readonly upstream: number;
  readonly identity: SpiffeId;
  readonly contract: ContractDoc | null;
  /** What the service's port carries. */
  readonly protocol: PortProtocol;
}): readonly Document[] {
  const proxy: ProxyDoc = {
    kind: "proxy",
    workload: {
      uid: "callee",
      name: "callee-0",
      namespace: "default",
      identity: options.identity,
    },
    clusterDomain: "cluster.local",
    inbound: {
      listener: { name: "inbound", address: loopback(options.port) },
      ports: [
        {
          service: "default/bench",
          port: 80,
          protocol: options.protocol,
          target: loopback(options.upstream),
        },
      ],
    },
    outbound: [],
    forwardProxy: null,
    gateway: [],
  };
  return [
    proxy,
    service(options.contract, options.protocol),
    endpoints(options.port, options.identity),
  ];
}
