import type { Clock } from "../base/clock.ts";
import { tcp } from "../model/address.ts";
import type { Connection, ConnectionEvents, Transport, TransportFailure } from "./transport.ts";

/** What a writer writes at most before it must have heard `queued`. */
const BYTES_MAX = 64 * 1024 * 1024;
const TRIAL_MAX_MS = 3000;
const BLOCK_BYTES = 40_000;
/** The pattern repeats after so many bytes: a prime, so that no buffer's length divides it. */
const PERIOD = 65_521;
/** Where in the pattern each of the two streams begins. */
const phases: readonly number[] = [0, 32_768];
/** A reader stops for a moment after so many deliveries. */
const REST_EVERY = 48;

/**
 * What is wrong with `transport`, or null; leaves nothing open. Two streams of a pattern go to readers that do not read
 * until both writers had to wait: what one writes must not end up in what the other still has queued. 8 MB in all, as
 * much as loopback's buffers take: some 10 ms.
 */
export async function tryOut(transport: Transport, clock: Clock): Promise<string | null> {
  const trial = new Trial(clock);
  const listening = await transport.listen({ at: tcp("127.0.0.1", 0), tls: null }, (connection) => {
    const reader = new Reader(trial, connection);
    trial.readers.push(reader);
    return reader;
  });
  const writers = phases.map((phase) => {
    const writer = new Writer(trial, phase);
    writer.connection = transport.dial({ address: listening.address, tls: null }, writer);
    return writer;
  });
  const problem = await trial.outcome;
  for (const { connection } of [...writers, ...trial.readers]) connection?.reset();
  await listening.close();
  return problem;
}

class Trial {
  readonly outcome: Promise<string | null>;
  readonly readers: Reader[] = [];
  readonly pattern = makePattern();
  readonly #clock: Clock;
  #resolve: (problem: string | null) => void = () => {};
  /** What each stream's writer wrote, once it ended. */
  readonly #written = new Map<number, number>();
  #waitingWriters = 0;
  #whole = 0;
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    const timer = clock.after(TRIAL_MAX_MS, () => this.onProblem("the trial took too long"));
    this.outcome = new Promise<string | null>((resolve) => {
      this.#resolve = resolve;
    }).finally(() => timer.cancel());
  }

  /** May the readers read? */
  get isReading(): boolean {
    return this.#waitingWriters === phases.length;
  }

  /** Stops a reader for a moment. */
  rest(connection: Connection): void {
    if (this.#isOver) return;
    connection.pause();
    this.#clock.after(1, () => connection.resume());
  }

  /** The first one counts. */
  onProblem(problem: string | null): void {
    this.#isOver = true;
    this.#resolve(problem);
  }

  /** A writer waits: once both do, the readers read. */
  onQueued(): void {
    this.#waitingWriters++;
    if (this.isReading) for (const { connection } of this.readers) connection.resume();
  }

  onWritten(phase: number, count: number): void {
    this.#written.set(phase, count);
  }

  onRead(phase: number, count: number): void {
    const written = this.#written.get(phase);
    if (written !== count) this.onProblem(`${count} of ${written} bytes arrived`);
    else if (++this.#whole === phases.length) this.onProblem(null);
  }
}

class Reader implements ConnectionEvents {
  readonly connection: Connection;
  readonly #trial: Trial;
  #phase = 0;
  #count = 0;
  #deliveries = 0;

  constructor(trial: Trial, connection: Connection) {
    this.#trial = trial;
    this.connection = connection;
    if (!trial.isReading) connection.pause();
  }

  onOpen(): void {}
  onDrain(): void {}

  onBytes(bytes: Buffer, start: number, end: number): void {
    const { pattern } = this.#trial;
    if (this.#count === 0) {
      this.#phase = phases.find((phase) => pattern[phase] === bytes[start]) ?? 0;
    }
    for (let at = start; at < end; at += BLOCK_BYTES) {
      const length = Math.min(BLOCK_BYTES, end - at);
      const from = (this.#phase + this.#count) % PERIOD;
      if (bytes.compare(pattern, from, from + length, at, at + length) !== 0) {
        this.#trial.onProblem("bytes arrived changed");
        return;
      }
      this.#count += length;
    }
    if (++this.#deliveries % REST_EVERY === 0) this.#trial.rest(this.connection);
  }

  onEnd(): void {
    this.#trial.onRead(this.#phase, this.#count);
    this.connection.end();
  }

  onClose(failure: TransportFailure | null): void {
    if (failure !== null) this.#trial.onProblem(`a connection broke: ${failure.detail}`);
  }
}

class Writer implements ConnectionEvents {
  connection: Connection | null = null;
  readonly #trial: Trial;
  readonly #phase: number;
  readonly #block = Buffer.allocUnsafe(BLOCK_BYTES);
  #count = 0;

  constructor(trial: Trial, phase: number) {
    this.#trial = trial;
    this.#phase = phase;
  }

  /** Writes until it hears `queued`. */
  onOpen(): void {
    while (!this.#write()) {
      if (this.#count < BYTES_MAX) continue;
      this.#trial.onProblem("a slow reader was never noticed");
      return;
    }
    this.#trial.onQueued();
  }

  /** Goes on after the wait, once, and ends. */
  onDrain(): void {
    this.#write();
    this.connection!.end();
    this.#trial.onWritten(this.#phase, this.#count);
  }

  onBytes(): void {}
  onEnd(): void {}

  onClose(failure: TransportFailure | null): void {
    if (failure !== null) this.#trial.onProblem(`a connection broke: ${failure.detail}`);
  }

  /** One block. Must it wait now? */
  #write(): boolean {
    const from = (this.#phase + this.#count) % PERIOD;
    this.#trial.pattern.copy(this.#block, 0, from, from + BLOCK_BYTES);
    this.#count += BLOCK_BYTES;
    const status = this.connection!.write(this.#block, 0, BLOCK_BYTES);
    this.#block.fill(0xee); // the caller's again
    return status === "queued";
  }
}

/** The pattern, long enough that a block from any place of its period lies in one piece. */
function makePattern(): Buffer {
  const pattern = Buffer.allocUnsafe(PERIOD + BLOCK_BYTES);
  for (let index = 0; index < PERIOD; index++) {
    pattern[index] = Math.imul(index + 1, 0x9e37_79b1) >>> 17; // Knuth's multiplicative hash
  }
  pattern.copy(pattern, PERIOD, 0, BLOCK_BYTES);
  return pattern;
}
