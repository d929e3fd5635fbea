import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";
import type { Rng } from "@heddle/mesh/base/rng.ts";
import type { SimulatedProcess } from "@heddle/mesh/net/simulated/process.ts";
import { patternBytes, patternFault } from "./pattern.ts";
import type { Talks } from "./talks.ts";

/** What octets travel on: a connection, or the stream of a tunnel. */
export interface OctetsWire {
  /** False: it queues; `onWritable` follows. */
  write(bytes: Buffer): boolean;
  /** Half-close. */
  end(): void;
  pause(): void;
  resume(): void;
  reset(): void;
}

export interface OctetsEndOptions {
  readonly process: SimulatedProcess;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly talks: Talks;
  readonly wire: OctetsWire;
  /** Of what it says: its pattern. */
  readonly number: number;
  readonly bytes: number;
  readonly speaksFirst: boolean;
  /** Says one octet, and the rest later. Default false. */
  readonly hesitates?: boolean;
  /** Takes little at a time. Default false. */
  readonly isSlow?: boolean;
  readonly onFirst?: () => void;
  readonly onOver?: (ending: string) => void;
}

/** What it says of itself: kind, its number, whom it answers (0: it was first), octets that follow. */
const headBytes = 13;
const endsItself = 2;
const endsAfterOther = 3;

/**
 * One end of a connection of octets: says who it is, then its pattern, and half-closes; hears the other do the same, octet by
 * octet. An end that comes before all octets that were announced is one that hides a loss.
 */
export class OctetsEnd {
  readonly number: number;
  readonly process: SimulatedProcess;
  readonly #options: OctetsEndOptions;
  #sent = -1;
  #isBlocked = false;
  #waitsForOther = false;
  #hasSentEnd = false;
  #head = Buffer.alloc(0);
  #other = 0;
  #expected = -1;
  #received = 0;
  #hasReceivedEnd = false;
  #isOver = false;
  #timer: Timer | null = null;

  constructor(options: OctetsEndOptions) {
    this.#options = options;
    this.number = options.number;
    this.process = options.process;
    options.talks.opened(this);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Octets can travel. */
  open(): void {
    if (this.#options.speaksFirst) this.#begin(endsItself);
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    if (this.#isOver) return;
    const { talks, onFirst, isSlow } = this.#options;
    if (this.#head.length === 0) onFirst?.();
    let at = start;
    if (this.#head.length < headBytes) {
      at = Math.min(end, start + headBytes - this.#head.length);
      this.#head = Buffer.concat([this.#head, bytes.subarray(start, at)]);
      if (this.#head.length === headBytes) this.#readHead();
    }
    if (at < end) {
      talks.checks["octets of tunnels"] += end - at;
      const fault = patternFault(this.#other, this.#received, bytes, at, end);
      if (fault !== -1) talks.violate(`talk ${this.#other}: wrong octet at ${fault}`);
      this.#received += end - at;
    }
    if (this.#expected >= 0 && this.#received > this.#expected) {
      talks.violate(`talk ${this.#other}: ${this.#received} octets of ${this.#expected}`);
    }
    if (isSlow === true && at < end) this.#rest();
  }

  onEnd(): void {
    if (this.#isOver || this.#hasReceivedEnd) return;
    this.#hasReceivedEnd = true;
    if (this.#received !== this.#expected) {
      // Who never heard of the other may be told of the end of nothing: it was given up before it met anybody.
      if (this.#head.length > 0) {
        const { talks } = this.#options;
        talks.violate(
          `talk ${this.#other}: ended at ${this.#received} of ${this.#expected} as if whole`,
        );
      }
      this.#options.wire.reset();
      this.onBroken("ended before it began");
      return;
    }
    if (this.#waitsForOther) this.#finish();
    this.#endIfWhole();
  }

  onWritable(): void {
    this.#isBlocked = false;
    if (this.#sent >= 0) this.#send();
  }

  /** The connection is gone. */
  onBroken(detail: string): void {
    if (this.#isOver) return;
    this.#over(`broken: ${detail}`);
  }

  /** Tears it down, so that the other end can tell. */
  abort(): void {
    if (this.#isOver) return;
    this.#over("aborted");
    this.#options.wire.reset();
  }

  #readHead(): void {
    const { talks, speaksFirst, rng } = this.#options;
    const kind = this.#head[0]!;
    this.#other = this.#head.readUInt32BE(1);
    this.#expected = this.#head.readUInt32BE(9);
    if (kind !== endsItself && kind !== endsAfterOther) {
      talks.violate(`talk ${this.number}: not the other's first octet: ${kind}`);
      return;
    }
    talks.met(this, this.#other, this.#head.readUInt32BE(5));
    if (speaksFirst) return;
    const mayWait = kind === endsItself && rng.below(2) === 0;
    this.#waitsForOther = mayWait;
    this.#begin(mayWait ? endsAfterOther : endsItself);
  }

  #begin(kind: number): void {
    const { wire, bytes, hesitates, clock } = this.#options;
    const head = Buffer.alloc(headBytes);
    head[0] = kind;
    head.writeUInt32BE(this.number, 1);
    head.writeUInt32BE(this.#other, 5);
    head.writeUInt32BE(bytes, 9);
    const goOn = (from: number): void => {
      if (this.#isOver) return;
      this.#timer = null;
      this.#isBlocked = !wire.write(head.subarray(from));
      this.#sent = 0;
      this.#send();
    };
    if (hesitates !== true) {
      goOn(0);
      return;
    }
    wire.write(head.subarray(0, 1));
    this.#timer = clock.after(250, () => goOn(1));
  }

  #send(): void {
    const { wire, bytes, rng, clock } = this.#options;
    while (this.#sent < bytes && !this.#isBlocked) {
      const end = Math.min(bytes, this.#sent + 1 + rng.below(20_000));
      const piece = patternBytes(this.number, this.#sent, end);
      this.#sent = end;
      this.#isBlocked = !wire.write(piece);
    }
    if (this.#sent < bytes || this.#hasSentEnd || this.#timer !== null) return;
    if (this.#waitsForOther && !this.#hasReceivedEnd) return;
    this.#timer = clock.after(rng.below(20), () => this.#finish());
  }

  #finish(): void {
    if (this.#isOver || this.#hasSentEnd || this.#sent < this.#options.bytes) return;
    this.#hasSentEnd = true;
    this.#options.wire.end();
    this.#endIfWhole();
  }

  #endIfWhole(): void {
    if (this.#hasSentEnd && this.#hasReceivedEnd && !this.#isOver) this.#over("whole");
  }

  #rest(): void {
    const { wire, clock } = this.#options;
    wire.pause();
    clock.after(10, () => {
      if (!this.#isOver) wire.resume();
    });
  }

  #over(ending: string): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#options.talks.over(this, ending);
    this.#options.onOver?.(ending);
  }
}
