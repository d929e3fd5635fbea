import type { Clock, Timer } from "../base/clock.ts";
import type { Request } from "../discovery/protocol.ts";
import type { RecordedBatch } from "../history/batch.ts";
import type { Recording } from "../telemetry/recording.ts";
import { parseHistoryFilter, RingReader } from "../telemetry/ring-reader.ts";
import type { SendAnswer } from "./tap-answers.ts";

/** Exchanges of one answer, and the pause before the next, so that the line is not flooded. */
const answerMax = 200;
const answerPauseMs = 10;
/** Between looks for what has come. */
const followMs = 200;
const requestsMax = 64;

interface Stream {
  readonly reader: RingReader;
  readonly isFollowing: boolean;
  /** Has anything been said? Who has recorded nothing says at least which life of the proxy this is. */
  isBegun: boolean;
  timer: Timer;
}

/** Answers the control plane's requests for history from the ring, in batches; then, if asked, what comes. */
export class HistoryAnswers {
  readonly #clock: Clock;
  readonly #recording: Recording;
  readonly #send: SendAnswer;
  readonly #streams = new Map<number, Stream>();

  constructor(clock: Clock, recording: Recording, send: SendAnswer) {
    this.#clock = clock;
    this.#recording = recording;
    this.#send = send;
  }

  start({ id, filter: input }: Request): void {
    const filter = parseHistoryFilter(input);
    if (filter === null || this.#streams.size >= requestsMax) {
      this.#send(id, [], true, 0);
      return;
    }
    const reader = new RingReader(this.#recording, filter);
    const timer = this.#clock.after(0, () => this.#answer(id));
    this.#streams.set(id, { reader, isFollowing: filter.follow, isBegun: false, timer });
  }

  cancel(id: number): void {
    this.#streams.get(id)?.timer.cancel();
    this.#streams.delete(id);
  }

  /** The line is lost, and with it everybody who asked. */
  cancelAll(): void {
    for (const id of [...this.#streams.keys()]) this.cancel(id);
  }

  #answer(id: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    const { reader, isFollowing } = stream;
    const read = reader.read(answerMax);
    const batches = read.length > 0 || stream.isBegun ? read : [this.#nothing()];
    stream.isBegun = true;
    const isDone = reader.isAtEnd && !isFollowing;
    if (isDone) this.#streams.delete(id);
    if (isDone || batches.length > 0) this.#send(id, batches, isDone, 0);
    const pauseMs = reader.isAtEnd ? followMs : answerPauseMs;
    if (!isDone) stream.timer = this.#clock.after(pauseMs, () => this.#answer(id));
  }

  #nothing(): RecordedBatch {
    const of = { store: "whole", from: 1, gaps: [], sampledShare: 1 } as const;
    return { ...this.#recording.header(of), exchanges: [] };
  }
}
