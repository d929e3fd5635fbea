import * as v from "valibot";
import type { Clock } from "../base/clock.ts";
import { grpcStatusWord } from "../model/grpc-status.ts";
import { type CarriedProtocol, carriedProtocols } from "../model/protocol.ts";
import { isOctets } from "./outcome.ts";
import type { ExchangeRecord } from "./record.ts";

/** Which exchanges to show; a null condition lets all pass. */
export interface TapFilter {
  readonly direction: "in" | "out" | null;
  /** `<namespace>/<name>` of the service asked for or of the one that answered. */
  readonly service: string | null;
  readonly method: string | null;
  readonly pathPrefix: string | null;
  readonly authority: string | null;
  /** One status, or the first digit of a class (5 for 5xx). */
  readonly status: number | null;
  /** Workload names. */
  readonly source: string | null;
  readonly destination: string | null;
  readonly protocol: CarriedProtocol | null;
  /** Exchanges a second, at most. Default 100 (Linkerd). */
  readonly maxRps: number;
}

/**
 * A step of an exchange, as `heddle tap` shows it. An exchange has a `req`, a `rsp` where there was one, and an `end`. A
 * connection of octets, which are no request, has an `end` alone.
 */
export interface TapItem {
  readonly event: "req" | "rsp" | "end";
  /** Of the exchange, within its proxy's life. */
  readonly id: number;
  readonly proxy: "in" | "out";
  readonly src: string;
  readonly dst: string;
  readonly tls: boolean;
  readonly srcWorkload: string | null;
  readonly dstWorkload: string | null;
  readonly srcId: string | null;
  readonly dstId: string | null;
  readonly service: string;
  /** What the caller spoke; empty: it had not shown it. */
  readonly protocol: CarriedProtocol | "";
  /** How that was found out; empty: the port declares it. */
  readonly detected: string;
  readonly method: string;
  readonly authority: string;
  readonly path: string;
  readonly route: string | null;
  readonly status: number;
  /** gRPC's own; null: it is no gRPC, or none came. */
  readonly grpcStatus: number | null;
  readonly reason: string | null;
  readonly origin: "app" | "proxy";
  /** Request's head to reply's head; null: no reply. */
  readonly latencyUs: number | null;
  /** Reply's head, or without one the request's, to the end; of a connection of octets all of it. */
  readonly durationUs: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

export interface Tap {
  /** Exchanges that passed the filter and came too fast to be shown. */
  readonly dropped: number;
  close(): void;
}

/** The filter of a request to tap; what is left out lets all pass. Null: the input is none. */
export function parseTapFilter(input: unknown): TapFilter | null {
  const result = v.safeParse(filterSchema, input);
  return result.success ? result.output : null;
}

const condition = v.optional(v.nullable(v.pipe(v.string(), v.maxLength(4096))), null);
const filterSchema = v.strictObject({
  direction: v.optional(v.nullable(v.picklist(["in", "out"])), null),
  service: condition,
  method: condition,
  pathPrefix: condition,
  authority: condition,
  status: v.optional(
    v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(599))),
    null,
  ),
  source: condition,
  destination: condition,
  protocol: v.optional(v.nullable(v.picklist(carriedProtocols)), null),
  maxRps: v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(10_000)), 100),
});

/** Shows what passes its filter, no faster than allowed. */
export class TapStream implements Tap {
  readonly #filter: TapFilter;
  readonly #clock: Clock;
  readonly #workload: string;
  readonly #emit: (item: TapItem) => void;
  readonly #onClose: () => void;
  #tokens: number;
  #refilledMs: number;
  #dropped = 0;

  constructor(
    filter: TapFilter,
    ends: {
      readonly clock: Clock;
      /** The workload whose proxy this is. */
      readonly workload: string;
      readonly emit: (item: TapItem) => void;
      readonly onClose: () => void;
    },
  ) {
    this.#filter = filter;
    this.#clock = ends.clock;
    this.#workload = ends.workload;
    this.#emit = ends.emit;
    this.#onClose = ends.onClose;
    this.#tokens = Math.max(1, filter.maxRps);
    this.#refilledMs = ends.clock.monotonicMs();
  }

  get dropped(): number {
    return this.#dropped;
  }

  offer(record: ExchangeRecord): void {
    const item = itemOf(record, this.#workload);
    if (!passes(this.#filter, item, record)) return;
    if (!this.#take()) {
      this.#dropped++;
      return;
    }
    if (!isOctets(record)) this.#emit({ ...item, event: "req" });
    if (item.latencyUs !== null && !isOctets(record)) this.#emit({ ...item, event: "rsp" });
    this.#emit(item);
  }

  close(): void {
    this.#onClose();
  }

  /** A bucket that holds one second's worth. */
  #take(): boolean {
    const nowMs = this.#clock.monotonicMs();
    const { maxRps } = this.#filter;
    const refill = ((nowMs - this.#refilledMs) / 1000) * maxRps;
    this.#tokens = Math.min(Math.max(1, maxRps), this.#tokens + refill);
    this.#refilledMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

/** One line as `linkerd viz tap` writes it. `source` tells proxies apart where several are shown. */
export function formatTapItem(item: TapItem, source: number | string): string {
  const words = [
    item.event,
    `id=${source}:${item.id}`,
    `proxy=${item.proxy}`,
    `src=${item.src}`,
    `dst=${item.dst}`,
    `tls=${item.tls}`,
  ];
  if (item.srcWorkload !== null) words.push(`src_workload=${item.srcWorkload}`);
  if (item.dstWorkload !== null) words.push(`dst_workload=${item.dstWorkload}`);
  switch (item.event) {
    case "req":
      // Linkerd's lines do not tell; most are HTTP/1.1.
      if (!["", "http/1.1"].includes(item.protocol)) words.push(`protocol=${item.protocol}`);
      words.push(`:method=${item.method}`, `:authority=${item.authority}`, `:path=${item.path}`);
      break;
    case "rsp":
      words.push(`:status=${item.status}`, `latency=${Math.round(item.latencyUs ?? 0)}µs`);
      break;
    case "end":
      if (isOctets(item)) words.push(`protocol=${item.protocol}`);
      // Octets name nobody: where none was dialled, only this says what for.
      if (isOctets(item) && item.dst === "" && item.service) words.push(`service=${item.service}`);
      if (isOctets(item) && item.authority !== "") words.push(`:authority=${item.authority}`);
      if (item.grpcStatus !== null) words.push(`grpc-status=${grpcStatusWord(item.grpcStatus)}`);
      if (item.reason !== null) words.push(`reason=${item.reason}`);
      words.push(`duration=${Math.round(item.durationUs)}µs`);
      if (isOctets(item)) words.push(`request-length=${item.requestBytes}B`);
      words.push(`response-length=${item.responseBytes}B`);
  }
  return words.join(" ");
}

function itemOf(record: ExchangeRecord, workload: string): TapItem {
  const isInbound = record.direction === "inbound";
  const isConnection = isOctets(record);
  const hasReply = record.headMs >= 0;
  return {
    event: "end",
    id: record.id,
    proxy: isInbound ? "in" : "out",
    src: record.sourceAddress,
    dst: record.destinationAddress,
    tls: record.tls,
    srcWorkload: isInbound ? record.sourceName : workload,
    dstWorkload: isInbound ? workload : record.endpointName,
    srcId: record.sourceId,
    dstId: record.destinationId,
    service: record.backend ?? record.service,
    protocol: record.protocol,
    detected: record.detected,
    method: record.method,
    authority: record.authority,
    path: record.path,
    route: record.route,
    status: record.status,
    grpcStatus: record.grpcStatus < 0 ? null : record.grpcStatus,
    reason: record.reason,
    origin: record.origin,
    latencyUs: hasReply ? (record.headMs - record.startMs) * 1000 : null,
    durationUs:
      (record.endMs - (hasReply && !isConnection ? record.headMs : record.startMs)) * 1000,
    requestBytes: record.requestBytes,
    responseBytes: record.replyBytes,
  };
}

function passes(filter: TapFilter, item: TapItem, record: ExchangeRecord): boolean {
  const { direction, service, method, pathPrefix, authority, status, source, destination } = filter;
  const { protocol } = filter;
  return (
    (protocol === null || protocol === item.protocol) &&
    (direction === null || direction === item.proxy) &&
    (service === null || service === record.service || service === record.backend) &&
    (method === null || method === item.method) &&
    (pathPrefix === null || item.path.startsWith(pathPrefix)) &&
    (authority === null || authority === item.authority) &&
    (status === null || status === item.status || status === Math.floor(item.status / 100)) &&
    (source === null || source === item.srcWorkload) &&
    (destination === null || destination === item.dstWorkload)
  );
}
