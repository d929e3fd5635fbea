import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import type {
  RecordedAttempt,
  RecordedExchange,
  RecordedOperation,
} from "@heddle/mesh/history/exchange.ts";

/** What e's proxy recorded of one GET /1 to kvs-1, at places and times from `seq` and `atMs` on. */
export function outboundExchange({
  id = 1,
  seq = 1,
  atMs = 100,
  ...changes
}: Partial<RecordedExchange> & { seq?: number; atMs?: number } = {}): RecordedExchange {
  return {
    id,
    direction: "outbound",
    service: "default/kvs",
    servicePort: 80,
    backend: "default/kvs",
    backendPort: 80,
    method: "GET",
    path: "/1",
    authority: "kvs",
    front: {
      connection: "127.0.0.1:5001>127.0.0.1:8001",
      ordinal: id,
      source: "127.0.0.1:5001",
      own: "127.0.0.1:8001",
      peer: null,
      caller: "e",
      callerField: null,
    },
    attempts: [
      attempt({
        ordinal: id,
        sentSeq: seq + 1,
        replySeq: seq + 2,
        sentMs: atMs + 1,
        replyMs: atMs + 6,
      }),
    ],
    route: null,
    status: 200,
    reason: null,
    detail: "",
    origin: "app",
    startMs: atMs,
    headMs: atMs + 7,
    endMs: atMs + 8,
    receivedSeq: seq,
    answeredSeq: seq + 3,
    operation: null,
    ...changes,
  };
}

/** The same exchange as kvs-1's proxy recorded it. */
export function inboundExchange({
  id = 1,
  seq = 1,
  atMs = 102,
  ...changes
}: Partial<RecordedExchange> & { seq?: number; atMs?: number } = {}): RecordedExchange {
  const app = {
    endpointUid: "app",
    endpoint: "app",
    target: "127.0.0.1:9001",
    identity: null,
    connection: "127.0.0.1:5003>127.0.0.1:9001",
    own: "127.0.0.1:5003",
  };
  return {
    ...outboundExchange({ id, seq, atMs }),
    direction: "inbound",
    front: {
      connection: "aa".repeat(16),
      ordinal: id,
      source: "127.0.0.1:5002",
      own: "127.0.0.1:8002",
      peer: null,
      caller: "e",
      callerField: null,
    },
    attempts: [
      attempt({
        ...app,
        ordinal: id,
        sentSeq: seq + 1,
        replySeq: seq + 2,
        sentMs: atMs + 1,
        replyMs: atMs + 2,
      }),
    ],
    headMs: atMs + 3,
    endMs: atMs + 4,
    ...changes,
  };
}

/** A try at kvs-1 that was answered. */
export function attempt(changes: Partial<RecordedAttempt> = {}): RecordedAttempt {
  return {
    endpointUid: "kvs-1-uid",
    endpoint: "kvs-1",
    target: "127.0.0.1:8002",
    identity: null,
    connection: "aa".repeat(16),
    ordinal: 1,
    own: "127.0.0.1:5002",
    sentMs: 101,
    sentSeq: 2,
    replyMs: 106,
    replySeq: 3,
    reason: null,
    ...changes,
  };
}

/** All of one life of a proxy's. */
export function batchOf(
  name: string,
  exchanges: readonly RecordedExchange[],
  changes: Partial<RecordedBatch> = {},
): RecordedBatch {
  return {
    workload: { uid: `${name}-uid`, name, namespace: "default" },
    life: `${name}-life`,
    sinceMs: 0,
    boot: "boot",
    wallOffsetMs: 1_000_000,
    store: "whole",
    from: 1,
    exchanges,
    gaps: [],
    sampledShare: 1,
    ...changes,
  };
}

/** `put` of the key-value service; `get` where nothing is put. */
export function operation(key: string, put: string | null, got: string | null): RecordedOperation {
  return {
    contract: "default/kvs",
    name: put === null ? "get" : "put",
    parameters: { k: key },
    key,
    requestBody: put === null ? null : { text: put },
    replyBody: got === null ? null : { text: got },
  };
}
