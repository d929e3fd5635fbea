import * as v from "valibot";
import { Histogram } from "../base/histogram.ts";
import type { Direction } from "../history/exchange.ts";
import type { ServiceKey } from "../model/document.ts";
import { type CarriedProtocol, carriedProtocols } from "../model/protocol.ts";

/**
 * What a proxy sends up: everything it has counted since it started, so that a lost or repeated summary costs nothing.
 * The reader takes differences.
 */
export interface SummaryBody {
  /** One life of the proxy; with another one all counts begin again. */
  readonly life: string;
  /** How long that life has lasted. */
  readonly uptimeMs: number;
  readonly rows: readonly SummaryRow[];
  readonly connections: readonly ConnectionsRow[];
}

/** All exchanges that agree in what identifies them. */
export interface SummaryRow {
  readonly direction: Direction;
  /** The service asked for; empty at a gateway whose routes chose none, and at egress. */
  readonly service: ServiceKey | "";
  readonly port: number;
  /** The service that answered, or should have; null: none was chosen. */
  readonly backend: ServiceKey | null;
  readonly backendPort: number;
  /** The other proxy: who asked at `inbound`, who was asked elsewhere. Null: unknown, or no identity. */
  readonly peer: string | null;
  /** Uid of the endpoint asked, at inbound `app`; null where none was. */
  readonly endpoint: string | null;
  /** `<kind>/<ns>/<name>#<rule>`; null: no route. */
  readonly route: string | null;
  readonly tls: boolean;
  /** What the caller spoke; `tcp` and `tls` are connections, each counted once, and no requests. Empty: it has not shown it. */
  readonly protocol: CarriedProtocol | "";
  readonly success: number;
  readonly failure: number;
  readonly cancelled: number;
  /** `<reason>`, or by the application `status-<n>` (500 and above) or `grpc-<n>` (gRPC's own status) → how many. */
  readonly failures: Readonly<Record<string, number>>;
  /** Answers made by a proxy, success or not. */
  readonly byProxy: number;
  readonly requestBytes: number;
  readonly replyBytes: number;
  /** Time to the reply's head in µs: [bucket, count] of `base/histogram.ts`. */
  readonly latency: readonly (readonly [bucket: number, count: number])[];
  readonly latencySumUs: number;
}

export interface ConnectionsRow {
  readonly direction: Direction;
  readonly service: ServiceKey | "";
  readonly port: number;
  /** `src`: accepted; `dst`: dialled. */
  readonly peer: "src" | "dst";
  readonly open: number;
  readonly opened: number;
}

/** Judges a summary that came over the wire; null: it is none. */
export function parseSummary(input: unknown): SummaryBody | null {
  const result = v.safeParse(summarySchema, input);
  return result.success ? result.output : null;
}

const count = v.pipe(v.number(), v.finite(), v.minValue(0));
const direction = v.picklist(["inbound", "outbound", "gateway", "egress"]);
const name = v.pipe(v.string(), v.maxLength(300));
const rowsMax = 20_000;
const summarySchema: v.GenericSchema<unknown, SummaryBody> = v.object({
  life: name,
  uptimeMs: count,
  rows: v.pipe(
    v.array(
      v.object({
        direction,
        service: name,
        port: count,
        backend: v.nullable(name),
        backendPort: count,
        peer: v.nullable(v.pipe(v.string(), v.maxLength(2048))),
        endpoint: v.nullable(name),
        route: v.nullable(v.pipe(v.string(), v.maxLength(1000))),
        tls: v.boolean(),
        protocol: v.picklist(["", ...carriedProtocols]),
        success: count,
        failure: count,
        cancelled: count,
        failures: v.record(name, count),
        byProxy: count,
        requestBytes: count,
        replyBytes: count,
        latency: v.pipe(v.array(v.tuple([count, count])), v.maxLength(1000)),
        latencySumUs: count,
      }),
    ),
    v.maxLength(rowsMax),
  ),
  connections: v.pipe(
    v.array(
      v.object({
        direction,
        service: name,
        port: count,
        peer: v.picklist(["src", "dst"]),
        open: count,
        opened: count,
      }),
    ),
    v.maxLength(rowsMax),
  ),
});

/** What tells one row from another within one summary: all that `ExchangeSeries.has` compares. */
export function rowKey(row: SummaryRow): string {
  const { direction, service, port, backend, backendPort, peer, endpoint, route, tls } = row;
  const { protocol } = row;
  return JSON.stringify([
    direction,
    service,
    port,
    backend,
    backendPort,
    peer,
    endpoint,
    route,
    tls,
    protocol,
  ]);
}

/** What happened between two readings of one row. `before` null: since the beginning. Rows without news are null. */
export function rowSince(before: SummaryRow | null, now: SummaryRow): SummaryRow | null {
  if (before === null) return now;
  const old = new Map(before.latency);
  const failures: Record<string, number> = {};
  for (const [reason, count] of Object.entries(now.failures)) {
    const more = count - (before.failures[reason] ?? 0);
    if (more > 0) failures[reason] = more;
  }
  const row = {
    ...now,
    success: now.success - before.success,
    failure: now.failure - before.failure,
    cancelled: now.cancelled - before.cancelled,
    failures,
    byProxy: now.byProxy - before.byProxy,
    requestBytes: now.requestBytes - before.requestBytes,
    replyBytes: now.replyBytes - before.replyBytes,
    latency: now.latency
      .map(([bucket, count]) => [bucket, count - (old.get(bucket) ?? 0)] as const)
      .filter(([, count]) => count > 0),
    latencySumUs: now.latencySumUs - before.latencySumUs,
  };
  return row.success + row.failure + row.cancelled === 0 ? null : row;
}

/** Does the row count connections whose octets nobody has read, and no requests? */
export function countsConnections({ protocol }: SummaryRow): boolean {
  return protocol === "tcp" || protocol === "tls";
}

/** Several rows of requests as one: what is asked about a service, an edge or a process. */
export class SummaryTotal {
  success = 0;
  failure = 0;
  cancelled = 0;
  byProxy = 0;
  readonly failures = new Map<string, number>();
  readonly latency = new Histogram();

  add(row: SummaryRow): void {
    this.success += row.success;
    this.failure += row.failure;
    this.cancelled += row.cancelled;
    this.byProxy += row.byProxy;
    for (const [reason, count] of Object.entries(row.failures)) {
      this.failures.set(reason, (this.failures.get(reason) ?? 0) + count);
    }
    this.latency.addPairs(row.latency, row.latencySumUs);
  }

  /** Share of answers that are no failures (`outcome.ts`), 0 to 1; null while there is none. */
  get successRate(): number | null {
    const answers = this.success + this.failure;
    return answers === 0 ? null : this.success / answers;
  }

  /** In ms; null while empty. */
  quantileMs(q: number): number | null {
    const us = this.latency.quantile(q);
    return us === null ? null : us / 1000;
  }
}
