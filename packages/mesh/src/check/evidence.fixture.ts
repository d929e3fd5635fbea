import type { RecordedBatch } from "../history/batch.ts";
import type { RecordedAttempt, RecordedExchange } from "../history/exchange.ts";
import { toSpiffeId } from "../model/identity.ts";
import { checkResource, kindOf } from "../resource/check.ts";
import type { Workload } from "../resource/heddle/workload.ts";
import type { KnownResource } from "../resource/index.ts";
import type { Evidence } from "./evidence.ts";

/** Evidence written by hand: a mesh of kvs-0, kvs-1 and two visitors, of which both ends of each message are recorded. */

export function resource(
  apiVersion: string,
  kind: string,
  name: string,
  spec: object,
): KnownResource {
  const value = {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(kind === "Mesh" ? {} : { namespace: "default" }),
      ...(kind === "Process" ? { labels: { app: name } } : {}),
    },
    spec,
  };
  const result = checkResource(kindOf(value)!, value);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.resource;
}

export const heddle = "heddle.dev/v1alpha1";
export const gatewayApi = "gateway.networking.k8s.io/v1";

export function service(name: string, selector = name): KnownResource {
  const ports = [{ name: "http", port: 80, targetPort: "http" }];
  return resource("v1", "Service", name, { selector: { app: selector }, ports });
}

export function process(name: string, replicas = 1): KnownResource {
  return resource(heddle, "Process", name, {
    replicas,
    command: [name],
    ports: [{ name: "http" }],
  });
}

export function placement(key: object = { pathSegment: 1, type: "integer" }, more: object = {}) {
  return resource(heddle, "Placement", "by-key", {
    targetRefs: [{ group: "", kind: "Service", name: "kvs" }],
    key,
    ...more,
  });
}

/** Rules on Service kvs. */
export function route(rules: readonly object[], name = "kvs"): KnownResource {
  const parentRefs = [{ group: "", kind: "Service", name: "kvs" }];
  return resource(gatewayApi, "HTTPRoute", name, { parentRefs, rules });
}

export const base: readonly KnownResource[] = [
  service("kvs"),
  service("other"),
  process("kvs", 2),
  process("other"),
  process("visitor", 2),
];

export const workloads: readonly Workload[] = [
  "kvs-0",
  "kvs-1",
  "other-0",
  "visitor-0",
  "visitor-1",
].map((name): Workload => {
  const account = name.replace(/-\d$/, "");
  return {
    apiVersion: heddle,
    kind: "Workload",
    metadata: { name, namespace: "default", uid: name, labels: { app: account } },
    spec: { process: account, ordinal: 0, serviceAccountName: account },
    status: { inbound: { host: "127.0.0.1", port: portOf(name) } },
  };
});

/** Where a workload's proxy is. */
export function portOf(workload: string): number {
  return 9000 + ["kvs-0", "kvs-1", "other-0", "visitor-0", "visitor-1"].indexOf(workload);
}

export function identityOf(workload: string) {
  return toSpiffeId(`spiffe://heddle.local/ns/default/sa/${workload.replace(/-\d$/, "")}`)!;
}

export interface Call {
  readonly from?: string;
  /** The process that answers; null: none was reached. */
  readonly to: string | null;
  readonly path?: string;
  readonly method?: string;
  readonly atMs?: number;
  readonly lastsMs?: number;
  readonly service?: string;
  readonly backend?: string;
  readonly outbound?: Partial<RecordedExchange>;
  readonly inbound?: Partial<RecordedExchange>;
  readonly attempt?: Partial<RecordedAttempt>;
  readonly front?: Partial<RecordedExchange["front"]>;
}

/** Batches of what these calls would have left, one for each proxy, each call recorded at both ends. */
export function recordOf(calls: readonly Call[]): RecordedBatch[] {
  const exchanges = new Map<string, RecordedExchange[]>();
  const ids = new Map<string, number>();
  const add = (workload: string, make: (id: number) => RecordedExchange) => {
    const id = (ids.get(workload) ?? 0) + 1;
    ids.set(workload, id);
    exchanges.set(workload, [...(exchanges.get(workload) ?? []), make(id)]);
  };
  calls.forEach((call, index) => {
    const from = call.from ?? "visitor-0";
    add(from, (id) => outbound(call, from, id, index));
    if (call.to !== null) add(call.to, (id) => inbound(call, from, id, index));
  });
  return [...exchanges].map(([name, some]) => batchOf(name, some));
}

export function batchOf(name: string, exchanges: readonly RecordedExchange[]): RecordedBatch {
  return {
    workload: { uid: name, name, namespace: "default" },
    life: "1",
    sinceMs: 0,
    boot: "boot",
    wallOffsetMs: 0,
    store: "whole",
    from: 1,
    exchanges,
    gaps: [],
    sampledShare: 1,
  };
}

export function evidence(
  resources: readonly KnownResource[],
  batches: readonly RecordedBatch[],
): Evidence {
  return { intent: [{ fromWallMs: 0, resources }], workloads, batches };
}

function outbound(call: Call, from: string, id: number, index: number): RecordedExchange {
  const { to, backend = call.service ?? "kvs", atMs = index * 10, lastsMs = 5 } = call;
  const attempt: RecordedAttempt = {
    endpointUid: to ?? "",
    endpoint: to ?? "",
    target: `127.0.0.1:${portOf(to ?? "")}`,
    identity: identityOf(to ?? "nobody"),
    connection: `c${index}`,
    ordinal: 1,
    own: "127.0.0.1:50000",
    sentMs: atMs + 1,
    sentSeq: index * 4 + 2,
    replyMs: atMs + lastsMs - 1,
    replySeq: index * 4 + 3,
    reason: null,
    ...call.attempt,
  };
  return {
    ...exchange(call, id, atMs, lastsMs),
    direction: "outbound",
    service: `default/${call.service ?? "kvs"}`,
    backend: `default/${backend}`,
    backendPort: 80,
    front: {
      connection: `app${index}`,
      ordinal: 1,
      source: "127.0.0.1:40000",
      own: "127.0.0.1:7000",
      peer: null,
      caller: from,
      callerField: null,
    },
    attempts: to === null && call.attempt === undefined ? [] : [attempt],
    ...call.outbound,
  };
}

function inbound(call: Call, from: string, id: number, index: number): RecordedExchange {
  const { to, backend = call.service ?? "kvs", atMs = index * 10, lastsMs = 5 } = call;
  return {
    ...exchange(call, id, atMs + 1, lastsMs - 2),
    direction: "inbound",
    service: `default/${backend}`,
    backend: `default/${backend}`,
    backendPort: 80,
    front: {
      connection: `c${index}`,
      ordinal: 1,
      source: "127.0.0.1:50000",
      own: `127.0.0.1:${portOf(to!)}`,
      peer: identityOf(from),
      caller: from,
      callerField: null,
      ...call.front,
    },
    attempts: [
      {
        endpointUid: "app",
        endpoint: "app",
        target: "127.0.0.1:8000",
        identity: null,
        connection: `127.0.0.1:5>127.0.0.1:8000 ${index}`,
        ordinal: 1,
        own: "127.0.0.1:5",
        sentMs: atMs + 2,
        sentSeq: index * 4 + 2,
        replyMs: atMs + 2,
        replySeq: index * 4 + 3,
        reason: null,
      },
    ],
    ...call.inbound,
  };
}

function exchange(call: Call, id: number, startMs: number, lastsMs: number) {
  return {
    id,
    servicePort: 80,
    method: call.method ?? "GET",
    path: call.path ?? "/7",
    authority: call.service ?? "kvs",
    route: null,
    status: 200,
    reason: null,
    detail: "",
    origin: "app",
    startMs,
    headMs: startMs + lastsMs,
    endMs: startMs + lastsMs,
    receivedSeq: id * 4 + 1,
    answeredSeq: id * 4 + 4,
    operation: null,
  } as const;
}
