import type { Clock, Timer } from "../base/clock.ts";
import type { Gap, RecordedBatch } from "../history/batch.ts";
import { ExportStream } from "./export-stream.ts";
import type { Recording, RecordingEvents } from "./recording.ts";
import { bodyBytesMax } from "./ring-arena.ts";

/** What is recorded is sent after so long, in ms, or when a batch is full. */
const batchMs = 200;
/** Records looked through at once, so that no task is long; the rest comes right after. */
const sweepMax = 256;
const sweepPauseMs = 1;
/** A control plane that hangs up on batches and never keeps one may be of an older build: pauses before the next try. */
const shunnedMinMs = 1000;
const shunnedMaxMs = 300_000;

/**
 * Sends what is recorded to the control plane, in two streams, each batch until it is said to be kept. While there is no
 * connection the ring goes on; what it overwrites meanwhile is told as a gap.
 *
 *   apart ──connected──▶ open ──something is recorded──▶ gathering (200 ms) ──▶ batch under way ──recorded──▶ open
 */
export class RecordExport implements RecordingEvents {
  readonly #clock: Clock;
  readonly #recording: Recording;
  readonly #sendLine: (line: string) => void;
  readonly #streams: Readonly<Record<RecordedBatch["store"], ExportStream>>;
  #isOpen = false;
  #timer: Timer | null = null;
  #untilSweep = sweepMax;
  #sweptBodies = 0;
  /** Connections in a row that ended before any batch on them was kept. */
  #shunned = 0;
  #isKept = false;
  #sentMs = 0;
  #finish: { readonly done: () => void; readonly timer: Timer } | null = null;

  /** @param send takes one line, JSON without its end, while connected */
  constructor(options: {
    readonly clock: Clock;
    readonly recording: Recording;
    readonly send: (line: string) => void;
  }) {
    const { clock, recording, send } = options;
    this.#clock = clock;
    this.#recording = recording;
    this.#sendLine = send;
    const [whole, sampled] = (["whole", "sampled"] as const).map(
      (store) => new ExportStream(store, recording),
    ) as [ExportStream, ExportStream];
    this.#streams = { whole, sampled };
    recording.events = this;
    recording.ring.onEvict = (seq) => {
      whole.onEvict(seq);
      sampled.onEvict(seq);
    };
  }

  onConnected(): void {
    this.#isKept = false;
    if (this.#shunned < 2) {
      this.#open();
      return;
    }
    const pauseMs = Math.min(shunnedMaxMs, shunnedMinMs * 2 ** (this.#shunned - 2));
    this.#timer = this.#clock.after(pauseMs, () => this.#open());
  }

  onDisconnected(): void {
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    this.#timer?.cancel();
    this.#timer = null;
    const { whole, sampled } = this.#streams;
    if (this.#isKept) this.#shunned = 0;
    else if (wasOpen && (whole.underWay ?? sampled.underWay) !== null) this.#shunned++;
    this.#end();
  }

  /** The control plane keeps all of a stream below `next`. */
  onRecorded(message: Pick<RecordedBatch, "life" | "store"> & { readonly next: number }): void {
    if (message.life !== this.#recording.life) return;
    this.#isKept = true;
    const stream = this.#streams[message.store];
    if (!stream.onRecorded(message.next)) return;
    if (stream.isFull || this.#finish !== null) this.#sweep();
    else if (stream.hasMore) this.#gather(batchMs);
  }

  onRecord(): void {
    if (!this.#isOpen) return;
    if (this.#timer === null) this.#gather(batchMs);
    this.#untilSweep--;
    const bodies = this.#recording.ring.bodyOctets - this.#sweptBodies;
    if (this.#untilSweep <= 0 || bodies > bodyBytesMax / 2) this.#sweep();
  }

  onOff(gap: Gap): void {
    for (const stream of Object.values(this.#streams)) stream.onOff(gap);
  }

  /**
   * Sends all there is, and calls `done` once that is kept, after `withinMs` at the latest, or when there is nobody to keep
   * it.
   */
  finish(withinMs: number, done: () => void): void {
    this.#finish = { done, timer: this.#clock.after(withinMs, () => this.#end()) };
    const { whole, sampled } = this.#streams;
    const isUnanswered =
      (whole.underWay ?? sampled.underWay) !== null &&
      this.#clock.monotonicMs() - this.#sentMs >= withinMs;
    if (this.#isOpen && !isUnanswered) this.#sweep();
    else this.#end();
  }

  #open(): void {
    this.#timer = null;
    this.#isOpen = true;
    for (const { underWay } of Object.values(this.#streams)) {
      if (underWay !== null) this.#send(underWay);
    }
    this.#sweep();
    this.#flush();
  }

  #send(line: string): void {
    this.#sentMs = this.#clock.monotonicMs();
    this.#sendLine(line);
  }

  #gather(delayMs: number): void {
    this.#timer ??= this.#clock.after(delayMs, () => {
      this.#timer = null;
      this.#sweep();
      this.#flush();
    });
  }

  /** Takes from the ring, and sends what is full. */
  #sweep(): void {
    const { ring } = this.#recording;
    this.#untilSweep = sweepMax;
    this.#sweptBodies = ring.bodyOctets;
    let left = sweepMax;
    for (const stream of Object.values(this.#streams)) {
      do left -= stream.sweep(left);
      while (left > 0 && stream.isFull && this.#flushOne(stream));
    }
    if (this.#finish !== null) this.#flush();
    if (left <= 0) {
      this.#timer?.cancel();
      this.#timer = null;
      this.#gather(sweepPauseMs);
    }
    const { whole, sampled } = this.#streams;
    if (whole.isDone && sampled.isDone) this.#end();
  }

  #flush(): void {
    for (const stream of Object.values(this.#streams)) this.#flushOne(stream);
  }

  #flushOne(stream: ExportStream): boolean {
    const line = stream.flush(this.#finish !== null && !stream.hasMore);
    if (line === null) return false;
    this.#send(line);
    return true;
  }

  #end(): void {
    const finish = this.#finish;
    if (finish === null) return;
    this.#finish = null;
    finish.timer.cancel();
    finish.done();
  }
}
