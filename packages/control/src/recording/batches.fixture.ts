import type { Gap, ProcessStart, RecordedBatch } from "@heddle/mesh/history/batch.ts";
import type { RecordedExchange } from "@heddle/mesh/history/exchange.ts";
import type { ShelfQuery } from "./shelf.ts";

/** Batches with little to write. Wall time is monotonic time plus 1,000,000. */

export const wallOffsetMs = 1_000_000;

interface BatchOptions {
  readonly uid?: string;
  readonly life?: string;
  readonly store?: RecordedBatch["store"];
  readonly boot?: string;
  readonly sinceMs?: number;
  readonly service?: string;
  readonly gaps?: readonly Gap[];
}

/** Exchanges number `from` to `to`; number n lasted from 10 n to 10 n + 5 ms. */
export function batch(from: number, to: number, options: BatchOptions = {}): RecordedBatch {
  const { uid = "a", life = "1", store = "whole", boot = "boot", sinceMs = 0, gaps = [] } = options;
  const { service = "default/kvs" } = options;
  return {
    workload: { uid, name: `${uid}-0`, namespace: "default" },
    life,
    sinceMs,
    boot,
    wallOffsetMs,
    store,
    from,
    exchanges: Array.from({ length: to - from + 1 }, (_, index) => exchange(from + index, service)),
    gaps,
    sampledShare: 1,
  };
}

export function exchange(id: number, service: string): RecordedExchange {
  const startMs = 10 * id;
  return {
    id,
    direction: "outbound",
    service,
    servicePort: 80,
    backend: service,
    backendPort: 80,
    method: "GET",
    path: `/${id}`,
    authority: "kvs",
    front: {
      connection: "127.0.0.1:1>127.0.0.1:2",
      ordinal: id,
      source: "127.0.0.1:1",
      own: "127.0.0.1:2",
      peer: null,
      caller: "a-0",
      callerField: null,
    },
    attempts: [],
    route: null,
    status: 200,
    reason: null,
    detail: "",
    origin: "app",
    startMs,
    headMs: startMs + 4,
    endMs: startMs + 5,
    receivedSeq: 2 * id - 1,
    answeredSeq: 2 * id,
    operation: null,
  };
}

export function start(uid: string, atMs: number, restarts = 0): ProcessStart {
  const workload = { uid, name: `${uid}-0`, namespace: "default" };
  return { workload, atMs, boot: "boot", wallMs: atMs + wallOffsetMs, restarts };
}

export const everything: ShelfQuery = {
  store: null,
  service: null,
  namespace: null,
  workload: null,
  since: null,
  untilWallMs: null,
};
