import {
  countsConnections,
  rowKey,
  rowSince,
  type SummaryBody,
  type SummaryRow,
  SummaryTotal,
} from "@heddle/mesh/telemetry/summary.ts";

/** What callers got from the canary. */
export interface Figures {
  readonly requests: number;
  /** Share of answers that are no failures, 0 to 1; null without any. */
  readonly success: number | null;
  readonly p99Ms: number | null;
}

export const noFigures: Figures = { requests: 0, success: null, p99Ms: null };

/** A canary is judged by so much of the past, in ms; by more where that has too few requests, never by what is before the step. */
export const figuresWindowMs = 60_000;

/** Which counts of proxies are meant: requests to `backend` by a rule whose name begins so. */
export interface Watched {
  readonly backend: string;
  readonly route: string;
}

/**
 * What callers' proxies count of one backend, from a moment on. Summaries are totals, so that one that is lost costs
 * nothing: what is new since the last look is added.
 */
export class BackendFigures {
  /** The last totals of each proxy, of the rows that are watched. */
  readonly #last = new Map<
    string,
    { readonly life: string; readonly rows: Map<string, SummaryRow> }
  >();
  /** What was new at each look, the oldest first. */
  #news: { readonly atMs: number; readonly row: SummaryRow; readonly requests: number }[] = [];
  #watched: Watched | null = null;

  /** Forgets what was counted until now. Nothing before the first look counts either. */
  restart(): void {
    this.#news = [];
  }

  /** Takes in the newest summaries of all proxies, by workload uid. */
  look(
    summaries: Iterable<readonly [uid: string, body: SummaryBody]>,
    watched: Watched,
    nowMs: number,
  ): void {
    if (this.#watched?.backend !== watched.backend || this.#watched.route !== watched.route) {
      this.#last.clear();
      this.#news = [];
    }
    const isFirst = this.#watched === null;
    this.#watched = watched;
    for (const [uid, { life, rows: all }] of summaries) {
      const rows = new Map(
        all.filter((row) => isWatched(row, watched)).map((row) => [rowKey(row), row]),
      );
      const last = this.#last.get(uid);
      this.#last.set(uid, { life, rows });
      // Of a proxy that was there at the first look nothing says what of its counts is new.
      if (last === undefined && isFirst) continue;
      const before = last?.life === life ? last.rows : null;
      for (const [key, row] of rows) {
        const news = rowSince(before?.get(key) ?? null, row);
        if (news === null) continue;
        this.#news.push({ atMs: nowMs, row: news, requests: news.success + news.failure });
      }
    }
  }

  /** Of the last minute, or of as much more as it takes for `requestsMin`. */
  figures(requestsMin: number, nowMs: number): Figures {
    const total = new SummaryTotal();
    let requests = 0;
    let from = this.#news.length;
    while (from > 0) {
      const one = this.#news[from - 1]!;
      if (one.atMs <= nowMs - figuresWindowMs && requests >= requestsMin) break;
      from--;
      total.add(one.row);
      requests += one.requests;
    }
    this.#news = this.#news.slice(from);
    return { requests, success: total.successRate, p99Ms: total.quantileMs(0.99) };
  }
}

function isWatched(row: SummaryRow, { backend, route }: Watched): boolean {
  if (row.direction !== "outbound" && row.direction !== "gateway") return false;
  return (
    row.backend === backend && row.route?.startsWith(route) === true && !countsConnections(row)
  );
}
