import type { Gap, RecordedBatch } from "../history/batch.ts";
import type { PackedBatch } from "../history/packed-batch.ts";
import { PackedWriter } from "../history/packed-writer.ts";
import { Allowance } from "./allowance.ts";
import { GapTally } from "./gap-tally.ts";
import type { Recording } from "./recording.ts";

/** Exchanges of one batch, and octets of it as it is packed, beyond which no other is added. */
export const batchMax = 1000;
export const batchBytesMax = 1 << 19;
/** Exchanges a second that a proxy exports with their keys whole; what comes faster is a gap. */
export const wholePerSecondMax = 5000;
/** The same of others, that failed or were slow; what comes faster is a gap. */
export const notablePerSecondMax = 200;
/** And of the rest, of which a share is enough. */
export const plainPerSecondMax = 50;

/**
 * One of a proxy's two streams of records, on its way from the ring to the control plane. What it passes over is counted:
 * everything that happened is in a batch, in a gap, or in the share that was not sampled.
 *
 * ```
 *   ring ──sweep──▶ items ──flush──▶ under way ──acknowledged──▶ kept elsewhere
 *     └──overwritten──▶ gap
 * ```
 */
export class ExportStream {
  readonly store: RecordedBatch["store"];
  readonly #recording: Recording;
  readonly #whole = new Allowance(wholePerSecondMax);
  readonly #notable = new Allowance(notablePerSecondMax);
  readonly #plain = new Allowance(plainPerSecondMax);
  readonly #overflow = new GapTally();
  readonly #rate = new GapTally();
  #gaps: Gap[] = [];
  /** Number in the ring of the next that is looked at. */
  #at = 1;
  /** Number in the stream of the first of `#items`. */
  #from = 1;
  readonly #items = new PackedWriter();
  /** Exchanges without failure since the last batch, and those of them that were taken. */
  #plainSeen = 0;
  #plainTaken = 0;
  #underWay: { readonly line: string; readonly end: number } | null = null;

  constructor(store: RecordedBatch["store"], recording: Recording) {
    this.store = store;
    this.#recording = recording;
  }

  get isFull(): boolean {
    return this.#items.count >= batchMax || this.#items.length >= batchBytesMax;
  }

  /** What is sent and not acknowledged; null: nothing. */
  get underWay(): string | null {
    return this.#underWay?.line ?? null;
  }

  /** Is there something to send that was not? */
  get hasMore(): boolean {
    return this.#items.count > 0 || this.#at <= this.#recording.ring.newest;
  }

  /** Nothing is missing elsewhere. */
  get isDone(): boolean {
    return this.#underWay === null && !this.hasMore && !this.#hasGaps;
  }

  /** The ring lets go of a record. */
  onEvict(seq: number): void {
    if (seq < this.#at) return;
    this.#at = seq + 1;
    const { ring } = this.#recording;
    const isPlain = ring.classOf(seq) === "plain";
    if (isPlain && this.store === "sampled") this.#plainSeen++;
    else if (this.#isMine(seq)) this.#overflow.add(ring.startMs(seq), ring.endMs(seq));
  }

  onOff(gap: Gap): void {
    this.#gaps.push(gap);
  }

  /** Takes from the ring what is to be sent, `most` at most, until the batch is full. Returns how many. */
  sweep(most: number): number {
    const { ring } = this.#recording;
    let taken = 0;
    while (this.#at <= ring.newest && taken < most && !this.isFull) {
      const seq = this.#at++;
      if (!this.#isMine(seq) || !this.#isAllowed(seq)) continue;
      this.#recording.pack(seq, this.#items);
      taken++;
    }
    return taken;
  }

  /** The next line to send; null: there is none, or one is under way. Gaps go with the next exchange, or at the end. */
  flush(isFinal: boolean): string | null {
    if (this.#underWay !== null) return null;
    if (this.#items.count === 0 && !(isFinal && this.#hasGaps)) return null;
    const sampledShare = this.#plainSeen === 0 ? 1 : this.#plainTaken / this.#plainSeen;
    const gaps = [...this.#gaps];
    for (const gap of [this.#overflow.take("overflow"), this.#rate.take("rate")]) {
      if (gap !== null) gaps.push(gap);
    }
    const { store } = this;
    const from = this.#from;
    const header = this.#recording.header({ store, from, gaps, sampledShare });
    const batch: PackedBatch = { ...header, ...this.#items.take() };
    const line = JSON.stringify({ type: "records", batch });
    this.#from += batch.count;
    this.#underWay = { line, end: this.#from };
    this.#gaps = [];
    this.#plainSeen = 0;
    this.#plainTaken = 0;
    return line;
  }

  /** All below `next` is kept. True: with it what was under way. */
  onRecorded(next: number): boolean {
    if (this.#underWay === null || next < this.#underWay.end) return false;
    this.#underWay = null;
    return true;
  }

  get #hasGaps(): boolean {
    return this.#gaps.length + this.#overflow.count + this.#rate.count > 0;
  }

  #isMine(seq: number): boolean {
    return (this.#recording.ring.classOf(seq) === "operation") === (this.store === "whole");
  }

  /** By the time at which it was over, so that it does not matter when it is looked at. */
  #isAllowed(seq: number): boolean {
    const { ring } = this.#recording;
    const endMs = ring.endMs(seq);
    const kind = ring.classOf(seq);
    if (kind === "plain") {
      this.#plainSeen++;
      if (!this.#plain.take(endMs)) return false;
      this.#plainTaken++;
      return true;
    }
    if ((kind === "operation" ? this.#whole : this.#notable).take(endMs)) return true;
    this.#rate.add(ring.startMs(seq), endMs);
    return false;
  }
}
