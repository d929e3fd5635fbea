import type { Clock } from "../base/clock.ts";
import { tcp } from "../model/address.ts";
import { loadRawBinding } from "./raw-binding.ts";
import { RawTransport } from "./raw-transport.ts";
import { SocketTransport } from "./socket-transport.ts";
import type { Connection, ConnectionEvents, Transport, TransportOptions } from "./transport.ts";

export interface OpenedTransport {
  readonly transport: Transport;
  readonly backEnd: "raw" | "socket";
  /** Why the raw handles were not chosen; null if they were. */
  readonly detail: string | null;
}

/** Enough for the reader's socket buffers to fill and for several scratch buffers to be given away. */
const TRIAL_BYTES = 6 * 1024 * 1024;
const TRIAL_MAX_MS = 3000;

/**
 * The fastest transport that works here: raw handles if they pass a trial (megabytes of a pattern to a reader that stops
 * again and again, some 20 ms), else `net.Socket`. The caller says so where people see it.
 */
export async function openTransport(options: TransportOptions): Promise<OpenedTransport> {
  const fallback = (detail: string): OpenedTransport => ({
    transport: new SocketTransport(options),
    backEnd: "socket",
    detail,
  });
  const binding = loadRawBinding();
  if (binding === null) return fallback("this Node has no raw handles");
  const transport = new RawTransport(binding, options);
  const problem = await tryOut(transport, options.clock).catch((error: unknown) => String(error));
  return problem === null ? { transport, backEnd: "raw", detail: null } : fallback(problem);
}

/** What is wrong with `transport`, or null. Leaves nothing open. */
export async function tryOut(transport: Transport, clock: Clock): Promise<string | null> {
  const trial = new Trial(clock);
  const listening = await transport.listen({ at: tcp("127.0.0.1", 0), tls: null }, (connection) => {
    trial.connections.push(connection);
    return new TrialReader(trial, connection);
  });
  // Two at once: what one writes must not end up in what the other still has queued.
  for (const salt of [0x00, 0xa5]) {
    const writer = new TrialWriter(trial, salt);
    writer.connection = transport.dial({ address: listening.address, tls: null }, writer);
    trial.connections.push(writer.connection);
  }
  const problem = await trial.outcome;
  for (const connection of trial.connections) connection.reset();
  await listening.close();
  return problem;
}

/** Byte `index` of the pattern: no period that a buffer's length divides. */
function patternByte(index: number, salt: number): number {
  return ((index % 251) ^ (index >>> 16) ^ salt) & 0xff;
}

class Trial {
  readonly clock: Clock;
  readonly outcome: Promise<string | null>;
  readonly connections: Connection[] = [];
  queuedTimes = 0;
  #resolve: (problem: string | null) => void = () => {};
  #whole = 0;
  #isOver = false;

  constructor(clock: Clock) {
    this.clock = clock;
    const timer = clock.after(TRIAL_MAX_MS, () => this.onProblem("the trial took too long"));
    this.outcome = new Promise<string | null>((resolve) => {
      this.#resolve = resolve;
    }).finally(() => timer.cancel());
  }

  onProblem(problem: string): void {
    this.#isOver = true;
    this.#resolve(problem);
  }

  onWhole(): void {
    if (++this.#whole < 2 || this.#isOver) return;
    this.#isOver = true;
    this.#resolve(this.queuedTimes === 0 ? "a slow reader was never noticed" : null);
  }

  onClose(): void {
    if (!this.#isOver) this.onProblem("a connection broke");
  }
}

class TrialReader implements ConnectionEvents {
  readonly #trial: Trial;
  readonly #connection: Connection;
  #salt = 0;
  #count = 0;
  #deliveries = 0;

  constructor(trial: Trial, connection: Connection) {
    this.#trial = trial;
    this.#connection = connection;
    this.#rest();
  }

  onOpen(): void {}
  onDrain(): void {}

  onBytes(bytes: Buffer, start: number, end: number): void {
    if (this.#count === 0) this.#salt = bytes[start]!;
    for (let index = start; index < end; index += 61) {
      if (bytes[index] !== patternByte(this.#count + index - start, this.#salt)) {
        this.#trial.onProblem("bytes arrived changed");
        return;
      }
    }
    this.#count += end - start;
    if (++this.#deliveries % 16 === 0) this.#rest();
  }

  onEnd(): void {
    if (this.#count === TRIAL_BYTES) this.#trial.onWhole();
    else this.#trial.onProblem(`${this.#count} of ${TRIAL_BYTES} bytes arrived`);
    this.#connection.end();
  }

  onClose(): void {
    if (this.#count < TRIAL_BYTES) this.#trial.onClose();
  }

  #rest(): void {
    this.#connection.pause();
    this.#trial.clock.after(1, () => this.#connection.resume());
  }
}

class TrialWriter implements ConnectionEvents {
  connection: Connection | null = null;
  readonly #trial: Trial;
  readonly #salt: number;
  readonly #block = Buffer.allocUnsafe(40_000);
  #count = 0;

  constructor(trial: Trial, salt: number) {
    this.#trial = trial;
    this.#salt = salt;
  }

  onOpen(): void {
    this.#pump();
  }

  onDrain(): void {
    this.#pump();
  }

  onBytes(): void {}
  onEnd(): void {}

  onClose(): void {
    if (this.#count < TRIAL_BYTES) this.#trial.onClose();
  }

  #pump(): void {
    const connection = this.connection!;
    while (this.#count < TRIAL_BYTES) {
      const length = Math.min(this.#block.length, TRIAL_BYTES - this.#count);
      for (let index = 0; index < length; index++) {
        this.#block[index] = patternByte(this.#count + index, this.#salt);
      }
      this.#count += length;
      const status = connection.write(this.#block, 0, length);
      this.#block.fill(0xee, 0, length); // the caller's again
      if (status === "queued") {
        this.#trial.queuedTimes++;
        return;
      }
    }
    connection.end();
  }
}
