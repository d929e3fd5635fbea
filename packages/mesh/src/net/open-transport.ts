import type { Clock } from "../base/clock.ts";
import { tcp } from "../model/address.ts";
import { loadRawBinding } from "./raw/binding.ts";
import { RawTransport } from "./raw/transport.ts";
import { SocketTransport } from "./socket/transport.ts";
import type {
  Connection,
  ConnectionEvents,
  Transport,
  TransportFailure,
  TransportOptions,
} from "./transport.ts";

export interface OpenedTransport {
  readonly transport: Transport;
  readonly backEnd: "raw" | "socket";
  /** Why the raw handles were not chosen; null if they were. */
  readonly detail: string | null;
}

/** How often each writer must hear `queued`, and how much it writes at most until then. */
const QUEUED_TIMES = 3;
const TRIAL_BYTES_MAX = 64 * 1024 * 1024;
const TRIAL_MAX_MS = 3000;

/**
 * The fastest transport that works here: raw handles if they pass a trial (two streams of a pattern to readers that stop
 * again and again, well under 100 ms), else `net.Socket`. The caller says so where people see it.
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
  readonly outcome: Promise<string | null>;
  readonly connections: Connection[] = [];
  readonly #clock: Clock;
  #resolve: (problem: string | null) => void = () => {};
  /** What each salt's writer wrote, once it ended. */
  readonly #written = new Map<number, number>();
  #whole = 0;
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    const timer = clock.after(TRIAL_MAX_MS, () => this.onProblem("the trial took too long"));
    this.outcome = new Promise<string | null>((resolve) => {
      this.#resolve = resolve;
    }).finally(() => timer.cancel());
  }

  /** Stops a reader for a moment; it goes on by itself. */
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

  /** A writer waits or has ended: now the readers read. */
  onQueued(): void {
    for (const connection of this.connections) connection.resume();
  }

  onWritten(salt: number, count: number): void {
    this.#written.set(salt, count);
    this.onQueued();
  }

  onRead(salt: number, count: number): void {
    const written = this.#written.get(salt);
    if (written !== count) this.onProblem(`${count} of ${written} bytes arrived`);
    else if (++this.#whole === 2) this.onProblem(null);
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
    connection.pause(); // until a writer had to wait
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
    if (++this.#deliveries % 32 === 0) this.#trial.rest(this.#connection);
  }

  onEnd(): void {
    this.#trial.onRead(this.#salt, this.#count);
    this.#connection.end();
  }

  onClose(failure: TransportFailure | null): void {
    if (failure !== null) this.#trial.onProblem(`a connection broke: ${failure.detail}`);
  }
}

class TrialWriter implements ConnectionEvents {
  connection: Connection | null = null;
  readonly #trial: Trial;
  readonly #salt: number;
  readonly #block = Buffer.allocUnsafe(40_000);
  #count = 0;
  #queuedTimes = 0;

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

  onClose(failure: TransportFailure | null): void {
    if (failure !== null) this.#trial.onProblem(`a connection broke: ${failure.detail}`);
  }

  #pump(): void {
    while (this.#queuedTimes < QUEUED_TIMES) {
      if (this.#count > TRIAL_BYTES_MAX) {
        this.#trial.onProblem("a slow reader was never noticed");
        return;
      }
      for (let index = 0; index < this.#block.length; index++) {
        this.#block[index] = patternByte(this.#count + index, this.#salt);
      }
      this.#count += this.#block.length;
      const status = this.connection!.write(this.#block, 0, this.#block.length);
      this.#block.fill(0xee); // the caller's again
      if (status === "queued") {
        this.#queuedTimes++;
        this.#trial.onQueued();
        return;
      }
    }
    this.connection!.end();
    this.#trial.onWritten(this.#salt, this.#count);
  }
}
