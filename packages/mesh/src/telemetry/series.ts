import { Histogram } from "../base/histogram.ts";
import { isGrpcFailure } from "../model/grpc.ts";
import type { Reason } from "../model/reason.ts";
import type { BucketHistogram, Counter } from "./metrics.ts";
import { isOctets, type Outcome, outcomeOf } from "./outcome.ts";
import type { ProxyMetrics } from "./proxy-metrics.ts";
import type { ExchangeRecord } from "./record.ts";
import { countRetries, type RetryCounters } from "./retry-metrics.ts";
import type { SummaryRow } from "./summary.ts";

/** The handles for one way an exchange of a series can end. */
interface Ending {
  readonly status: number;
  readonly grpcStatus: number;
  readonly reason: Reason | null;
  readonly origin: ExchangeRecord["origin"];
  readonly outcome: Outcome;
  /** Null for `cancelled`, and of octets: they are no requests. */
  readonly responses: Counter | null;
  readonly latency: BucketHistogram | null;
  /** Ours, by reason and origin. */
  readonly exchanges: Counter;
  count: number;
}

/** What a series may hold at most; statuses are numbers an application chooses. Later ones count as the first. */
const ENDINGS_MAX = 200;

/**
 * All exchanges that agree in what identifies them: the handles of their metrics and the counts for summaries. Found
 * by comparing fields, which are the same strings record after record, so that no key is built for a request.
 */
export class ExchangeSeries {
  readonly #of: ExchangeRecord;
  readonly #metrics: ProxyMetrics;
  /** Null of octets: connections are counted as such (`connections-series.ts`). */
  readonly #requests: Counter | null;
  readonly #endings: Ending[] = [];
  #retries: RetryCounters | null = null;
  readonly #latencyUs = new Histogram();
  #requestBytes = 0;
  #replyBytes = 0;

  /** @param first a record of the series, or one that only names it: what identifies the series is read from there. */
  constructor(first: ExchangeRecord, metrics: ProxyMetrics) {
    this.#of = first;
    this.#metrics = metrics;
    this.#requests = isOctets(first) ? null : metrics.requests(first);
  }

  /** Is `record` one of these? */
  has(record: ExchangeRecord): boolean {
    const of = this.#of;
    return (
      record.endpointUid === of.endpointUid &&
      record.service === of.service &&
      record.servicePort === of.servicePort &&
      record.backend === of.backend &&
      record.backendPort === of.backendPort &&
      record.route === of.route &&
      record.sourceId === of.sourceId &&
      record.destinationId === of.destinationId &&
      record.direction === of.direction &&
      record.protocol === of.protocol &&
      record.tls === of.tls
    );
  }

  add(record: ExchangeRecord): void {
    this.#requests?.add(1);
    const ending = this.#endingOf(record);
    ending.count++;
    ending.exchanges.add(1);
    ending.responses?.add(1);
    if (record.retries > 0 || record.retryEnd !== null) {
      this.#retries ??= this.#metrics.retries.of(record);
      countRetries(this.#retries, record, ending.outcome === "success");
    }
    this.#requestBytes += record.requestBytes;
    this.#replyBytes += record.replyBytes;
    if (record.headMs < 0) return;
    const latencyMs = record.headMs - record.startMs;
    ending.latency?.record(latencyMs);
    this.#latencyUs.record(latencyMs * 1000);
  }

  /** The counts so far, to be sent up. */
  summarise(): SummaryRow {
    const of = this.#of;
    const counts: Record<Outcome, number> = { success: 0, failure: 0, cancelled: 0 };
    const failures: Record<string, number> = {};
    let byProxy = 0;
    for (const { outcome, origin, reason, status, grpcStatus, count } of this.#endings) {
      counts[outcome] += count;
      if (origin === "proxy") byProxy += count;
      if (outcome !== "failure") continue;
      const cause =
        reason ?? (isGrpcFailure(grpcStatus) ? `grpc-${grpcStatus}` : `status-${status}`);
      failures[cause] = (failures[cause] ?? 0) + count;
    }
    return {
      direction: of.direction,
      service: of.service,
      port: of.servicePort,
      backend: of.backend,
      backendPort: of.backendPort,
      peer: of.direction === "inbound" ? of.sourceId : of.destinationId,
      endpoint: of.endpointUid,
      route: of.route,
      tls: of.tls,
      protocol: of.protocol,
      ...counts,
      failures,
      byProxy,
      requestBytes: this.#requestBytes,
      replyBytes: this.#replyBytes,
      latency: this.#latencyUs.toPairs(),
      latencySumUs: this.#latencyUs.sum,
    };
  }

  #endingOf(record: ExchangeRecord): Ending {
    const endings = this.#endings;
    for (const ending of endings) {
      if (
        ending.status === record.status &&
        ending.grpcStatus === record.grpcStatus &&
        ending.reason === record.reason &&
        ending.origin === record.origin
      ) {
        return ending;
      }
    }
    if (endings.length >= ENDINGS_MAX) return endings[0]!;
    const { status, grpcStatus, reason, origin } = record;
    const outcome = outcomeOf(record);
    const isAnswered = outcome !== "cancelled" && this.#requests !== null;
    const ending: Ending = {
      status,
      grpcStatus,
      reason,
      origin,
      outcome,
      responses: isAnswered
        ? this.#metrics.responses(this.#of, { outcome, status, grpcStatus })
        : null,
      latency: isAnswered ? this.#metrics.latency(this.#of) : null,
      exchanges: this.#metrics.exchanges(this.#of, { outcome, reason, origin }),
      count: 0,
    };
    endings.push(ending);
    return ending;
  }
}
