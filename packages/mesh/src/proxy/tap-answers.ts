import type { Clock, Timer } from "../base/clock.ts";
import type { Request } from "../discovery/protocol.ts";
import type { TelemetryRecorder } from "../telemetry/recorder.ts";
import { parseTapFilter, type Tap, type TapItem } from "../telemetry/tap.ts";

/** Items are sent together after this long, in ms. */
const batchMs = 50;
/** Items of one batch; more are dropped and counted. */
const batchMax = 1000;

/** How items get to whoever asked. */
export type SendAnswer = (
  id: number,
  items: readonly unknown[],
  done: boolean,
  dropped: number,
) => void;

interface Stream {
  readonly tap: Tap;
  items: TapItem[];
  overflow: number;
  /** Of `tap.dropped` and of overflow, what has been said already. */
  saidDropped: number;
  timer: Timer | null;
}

/** Answers the control plane's requests to tap, in batches. */
export class TapAnswers {
  readonly #clock: Clock;
  readonly #recorder: TelemetryRecorder;
  readonly #send: SendAnswer;
  readonly #streams = new Map<number, Stream>();

  constructor(clock: Clock, recorder: TelemetryRecorder, send: SendAnswer) {
    this.#clock = clock;
    this.#recorder = recorder;
    this.#send = send;
  }

  start(request: Request): void {
    const filter = parseTapFilter(request.filter);
    const tap =
      filter === null ? null : this.#recorder.tap(filter, (item) => this.#offer(request.id, item));
    if (tap === null) {
      this.#send(request.id, [], true, 0);
      return;
    }
    const stream: Stream = { tap, items: [], overflow: 0, saidDropped: 0, timer: null };
    this.#streams.set(request.id, stream);
  }

  cancel(id: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#streams.delete(id);
    stream.timer?.cancel();
    stream.tap.close();
  }

  /** The line is lost, and with it everybody who asked. */
  cancelAll(): void {
    for (const id of [...this.#streams.keys()]) this.cancel(id);
  }

  #offer(id: number, item: TapItem): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    if (stream.items.length < batchMax) stream.items.push(item);
    else stream.overflow++;
    stream.timer ??= this.#clock.after(batchMs, () => this.#flush(id, stream));
  }

  #flush(id: number, stream: Stream): void {
    stream.timer = null;
    const dropped = stream.tap.dropped + stream.overflow;
    this.#send(id, stream.items, false, dropped - stream.saidDropped);
    stream.saidDropped = dropped;
    stream.items = [];
  }
}
