import type { Http1Limits } from "./limits.ts";
import { type Fault, type HeadKind, HeadScanner, INCOMPLETE } from "./scan.ts";

const LF = 0x0a;
const FIRST_BYTES = 2048;

/**
 * Reads heads that arrive in any number of pieces. A head that comes whole is scanned where it lies with the scanner
 * that all connections share; only one that was cut is copied and gets a scanner of its own. A cut head is looked at
 * again only when a line has ended, so that octets sent one by one cost no more than octets sent at once.
 */
export class HeadReader {
  readonly #kind: HeadKind;
  readonly #limits: Http1Limits;
  readonly #shared: HeadScanner | null;
  #own: HeadScanner | null = null;
  #pending: Buffer | null = null;
  #pendingLength = 0;

  /** After a head was read: who scanned it, and where it lies (valid until the callback returns). */
  scanner: HeadScanner;
  source: Buffer;
  base = 0;
  length = 0;
  fault: Fault | null = null;

  /** @param shared a scanner of the same kind that nobody holds between calls, or null */
  constructor(kind: HeadKind, limits: Http1Limits, shared: HeadScanner | null) {
    this.#kind = kind;
    this.#limits = limits;
    this.#shared = shared;
    this.scanner = shared ?? new HeadScanner(kind, limits);
    this.source = empty;
  }

  /** Has a head begun and not ended? */
  get isPending(): boolean {
    return this.#pendingLength > 0;
  }

  /** A copy of the head read last, for a head object to own. */
  copyHead(): Buffer {
    const copy = Buffer.allocUnsafe(this.length);
    this.source.copy(copy, 0, this.base, this.base + this.length);
    return copy;
  }

  /** Where the head ends in `bytes[start, end)`, or -1: all was taken and more is needed, or `fault` is set. */
  read(bytes: Buffer, start: number, end: number): number {
    if (this.#pendingLength > 0) return this.#readOn(bytes, start, end);
    const scanner = this.#shared ?? this.scanner;
    scanner.reset();
    const length = scanner.scan(bytes, start, end);
    if (length >= 0) {
      this.scanner = scanner;
      this.source = bytes;
      this.base = start;
      this.length = length;
      return start + length;
    }
    if (length !== INCOMPLETE) this.fault = scanner.fault;
    else {
      this.#keep(bytes, start, end);
      this.#own ??= new HeadScanner(this.#kind, this.#limits);
      this.#own.reset();
    }
    return -1;
  }

  #readOn(bytes: Buffer, start: number, end: number): number {
    const before = this.#pendingLength;
    this.#keep(bytes, start, end);
    const pending = this.#pending!;
    const isLimitPassed = this.#pendingLength >= this.#bytesMax;
    if (!isLimitPassed && !holdsLineEnd(bytes, start, end)) return -1;
    const scanner = this.#own!;
    const length = scanner.scan(pending, 0, this.#pendingLength);
    if (length === INCOMPLETE) return -1;
    if (length < 0) {
      this.fault = scanner.fault;
      return -1;
    }
    this.scanner = scanner;
    this.source = pending;
    this.base = 0;
    this.length = length;
    this.#pending = null;
    this.#pendingLength = 0;
    return start + (length - before);
  }

  get #bytesMax(): number {
    return this.#kind === "trailers" ? this.#limits.trailerBytesMax : this.#limits.headBytesMax;
  }

  /** Copies what may belong to the head: what lies beyond the limit cannot. */
  #keep(bytes: Buffer, start: number, end: number): void {
    const length = Math.min(this.#pendingLength + end - start, this.#bytesMax + 1);
    if (this.#pending === null || this.#pending.length < length) {
      const capacity = Math.max(FIRST_BYTES, 2 * length);
      const larger = Buffer.allocUnsafeSlow(Math.min(capacity, this.#bytesMax + 1));
      if (this.#pending !== null) this.#pending.copy(larger, 0, 0, this.#pendingLength);
      this.#pending = larger;
    }
    bytes.copy(this.#pending, this.#pendingLength, start, start + length - this.#pendingLength);
    this.#pendingLength = length;
  }
}

function holdsLineEnd(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === LF) return true;
  return false;
}

const empty: Buffer = Buffer.alloc(0);
