import { assignSlots } from "@heddle/mesh/balance/assign.ts";
import { type Address, tcp } from "@heddle/mesh/model/address.ts";
import type { Document } from "@heddle/mesh/model/document.ts";
import { type SpiffeId, toSpiffeId } from "@heddle/mesh/model/identity.ts";
import { checkResource, kindOf } from "@heddle/mesh/resource/check.ts";
import {
  compileAll,
  inboundSocket,
  inputsOf,
  outboundSocket,
  serviceDocFor,
  type WorkloadView,
} from "@heddle/mesh/resource/compile.ts";
import type { Workload } from "@heddle/mesh/resource/heddle/workload.ts";
import type { KnownResource } from "@heddle/mesh/resource/index.ts";

const heddle = "heddle.dev/v1alpha1";

/** kvs by key; rec three to one, none to its third version, with little time for `/slow`; cart by affinity; a rate for rec-v1. */
export const intent: readonly KnownResource[] = [
  ...["kvs", "rec", "rec-v1", "rec-v2", "rec-v3", "cart"].map((name) =>
    resource("v1", "Service", name, {
      selector: { app: name },
      ports: [{ name: "http", port: 80, targetPort: "http" }],
    }),
  ),
  ...(
    [
      ["kvs", 3],
      ["rec-v1", 1],
      ["rec-v2", 1],
      ["rec-v3", 1],
      ["visitor", 2],
      ["cart", 3],
    ] as const
  ).map(([name, replicas]) =>
    resource(heddle, "Process", name, { replicas, command: [name], ports: [{ name: "http" }] }),
  ),
  resource(heddle, "Placement", "by-key", {
    targetRefs: [{ group: "", kind: "Service", name: "kvs" }],
    key: { pathSegment: 1, type: "integer" },
    slots: 64,
  }),
  resource(heddle, "BalancingPolicy", "cart", {
    targetRefs: [{ kind: "Service", name: "cart" }],
    affinity: { keys: [{ pathSegment: 1 }], tableSize: 251 },
  }),
  resource(heddle, "RateLimit", "rec-v1", {
    targetRefs: [{ kind: "Service", name: "rec-v1" }],
    limits: [{ requests: 500, per: "1s", burst: 30 }],
  }),
  resource("gateway.networking.k8s.io/v1", "HTTPRoute", "rec", {
    parentRefs: [{ group: "", kind: "Service", name: "rec" }],
    rules: [
      {
        backendRefs: [
          { name: "rec-v1", port: 80, weight: 3 },
          { name: "rec-v2", port: 80, weight: 1 },
          { name: "rec-v3", port: 80, weight: 0 },
        ],
      },
      {
        matches: [{ path: { type: "PathPrefix", value: "/slow" } }],
        timeouts: { request: "200ms" },
        backendRefs: [{ name: "rec-v1", port: 80 }],
      },
    ],
  }),
];

/** One workload, and where it and its proxy are. */
export interface Member {
  readonly name: string;
  readonly process: string;
  readonly identity: SpiffeId;
  readonly appPort: number;
  readonly inboundPort: number;
}

export function membersAt(): readonly Member[] {
  const names = intent.flatMap((one) =>
    one.kind === "Process"
      ? Array.from(
          { length: one.spec.replicas ?? 1 },
          (_, index) => `${one.metadata.name}-${index}`,
        )
      : [],
  );
  return names.map((name, index) => {
    const process = name.replace(/-\d+$/, "");
    return {
      name,
      process,
      identity: toSpiffeId(`spiffe://heddle.local/ns/default/sa/${process}`)!,
      appPort: 8000 + index,
      inboundPort: 9000 + index,
    };
  });
}

/** What the control plane makes of it. */
export interface Compiled {
  readonly documentsOf: (member: Member) => readonly Document[];
  /** Where the proxy of `workload` takes calls to `service`. */
  readonly listenerOf: (workload: string, service: string) => Address;
  /** As they are stored. */
  readonly workloads: readonly Workload[];
}

export function compileIntent(members: readonly Member[]): Compiled {
  const { services } = inputsOf(intent);
  const sockets = new Map<string, Address>();
  let port = 20_000;
  for (const { name, inboundPort } of members) {
    const workload = { name, namespace: "default" };
    sockets.set(inboundSocket(workload), tcp("127.0.0.1", inboundPort));
    for (const key of services.keys()) {
      sockets.set(outboundSocket(workload, key, 80), tcp("127.0.0.1", ++port));
    }
  }
  const keepers = members.filter(({ process }) => process === "kvs").map(({ name }) => name);
  const outputs = compileAll({
    ...inputsOf(intent),
    workloads: new Map(members.map((member) => [member.name, viewOf(member)])),
    slots: new Map([["default/kvs", assignSlots(null, keepers, 64)]]),
    sockets,
  });
  return {
    documentsOf: ({ name }) => [
      outputs.proxies.get(name)!,
      ...Array.from(outputs.services.values(), (one) => serviceDocFor(one, "default")),
      ...outputs.endpoints.values(),
    ],
    listenerOf: (name, service) =>
      sockets.get(outboundSocket({ name, namespace: "default" }, `default/${service}`, 80))!,
    workloads: members.map(workloadOf),
  };
}

function viewOf({ name, process, identity, appPort, inboundPort }: Member): WorkloadView {
  return {
    uid: name,
    name,
    namespace: "default",
    identity,
    labels: { app: process },
    ports: [{ name: "http", number: null, address: tcp("127.0.0.1", appPort) }],
    gateway: null,
    inbound: tcp("127.0.0.1", inboundPort),
    state: { phase: "ready" },
  };
}

function workloadOf({ name, process, appPort, inboundPort }: Member): Workload {
  return {
    apiVersion: heddle,
    kind: "Workload",
    metadata: { name, namespace: "default", uid: name, labels: { app: process } },
    spec: { process, ordinal: 0, serviceAccountName: process },
    status: {
      inbound: { host: "127.0.0.1", port: inboundPort },
      ports: [{ name: "http", port: appPort }],
    },
  };
}

function resource(apiVersion: string, kind: string, name: string, spec: object): KnownResource {
  const value = {
    apiVersion,
    kind,
    metadata: { name, namespace: "default", ...(kind === "Process" && { labels: { app: name } }) },
    spec,
  };
  const result = checkResource(kindOf(value)!, value);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.resource;
}
