import * as v from "valibot";
import type { Gap, RecordedBatch, RecordedLine } from "../history/batch.ts";
import type { RecordedExchange } from "../history/exchange.ts";
import type { Recording } from "./recording.ts";

/** Which of the exchanges that a proxy remembers are asked for. */
export interface HistoryFilter {
  /** `<namespace>/<name>` of the service asked for or of the one that answered; null: any. */
  readonly service: string | null;
  /** Then what comes, too? */
  readonly follow: boolean;
  /** The newest so many of what is there; null: all. */
  readonly limit: number | null;
}

/** The filter of a request for history; what is left out lets all pass. Null: the input is none. */
export function parseHistoryFilter(input: unknown): HistoryFilter | null {
  const result = v.safeParse(filterSchema, input ?? {});
  return result.success ? result.output : null;
}

/** Exchanges of one line. */
const lineMax = 100;

/** All that the ring holds, then since when it is complete. */
export function* historyOf(
  recording: Recording,
  filter: Pick<HistoryFilter, "service" | "limit">,
): Generator<RecordedLine> {
  const reader = new RingReader(recording, filter);
  const { ring, sinceMs, boot } = recording;
  const completeMs = ring.oldest === 1 ? sinceMs : ring.endMs(ring.oldest);
  do for (const batch of reader.read(lineMax)) yield { batch };
  while (!reader.isAtEnd);
  yield { complete: { whole: completeMs, sampled: completeMs, boot } };
}

const filterSchema = v.object({
  service: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(400))), null),
  follow: v.optional(v.boolean(), false),
  limit: v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1))), null),
});

/**
 * Reads a proxy's ring from old to new, as batches, which have no numbers: those of the export are none of the ring's. What
 * it no longer has is a gap. Nothing is sampled.
 */
export class RingReader {
  readonly #recording: Recording;
  readonly #service: string | null;
  #at: number;
  #gaps: Gap[];
  #lastMs: number;

  constructor(recording: Recording, { service, limit }: Pick<HistoryFilter, "service" | "limit">) {
    this.#recording = recording;
    this.#service = service;
    this.#lastMs = recording.sinceMs;
    this.#gaps = [...recording.offGaps];
    this.#at = this.#firstOf(limit);
    if (this.#at > 1) this.#miss(1, this.#at);
  }

  /** What was not read yet, of `most` exchanges at most. No batch: there is nothing new. */
  read(most: number): RecordedBatch[] {
    const { ring } = this.#recording;
    if (this.#at < ring.oldest) {
      this.#miss(this.#at, ring.oldest);
      this.#at = ring.oldest;
    }
    const found: Record<RecordedBatch["store"], RecordedExchange[]> = { whole: [], sampled: [] };
    let left = most;
    for (; this.#at <= ring.newest && left > 0; this.#at++) {
      if (!this.#isWanted(this.#at)) continue;
      left--;
      found[ring.classOf(this.#at) === "operation" ? "whole" : "sampled"].push(
        this.#recording.write(this.#at),
      );
      this.#lastMs = ring.endMs(this.#at);
    }
    const gaps = this.#gaps;
    this.#gaps = [];
    return (["whole", "sampled"] as const).flatMap((store) => {
      const exchanges = found[store];
      if (exchanges.length + gaps.length === 0) return [];
      const header = this.#recording.header({ store, from: 0, gaps, sampledShare: 1 });
      return [{ ...header, exchanges }];
    });
  }

  /** Has all been read that there is now? */
  get isAtEnd(): boolean {
    return this.#at > this.#recording.ring.newest;
  }

  #isWanted(seq: number): boolean {
    return this.#service === null || this.#recording.ring.isOf(seq, this.#service);
  }

  #firstOf(limit: number | null): number {
    const { ring } = this.#recording;
    if (limit === null) return ring.oldest;
    let first = ring.newest + 1;
    for (let left = limit; first > ring.oldest && left > 0; ) {
      first--;
      if (this.#isWanted(first)) left--;
    }
    return first;
  }

  /** From one number up to another: how many of them were wanted is not known where not all are. */
  #miss(from: number, to: number): void {
    const { ring } = this.#recording;
    const toMs = to <= ring.newest ? ring.endMs(to) : this.#lastMs;
    const missing = this.#service === null ? to - from : -1;
    this.#gaps.push({ fromMs: this.#lastMs, toMs, missing, reason: "overflow" });
  }
}
