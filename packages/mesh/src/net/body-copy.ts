import type { BodyCapture } from "../telemetry/record.ts";

/** Copies a body as it passes, up to a limit; a longer one is let go. Nothing of it is a slice of a read buffer. */
export class BodyCopy implements BodyCapture {
  octets: Buffer = nothing;
  length = 0;
  isTooLong = false;
  isWhole = false;
  readonly #bytesMax: number;
  #isSpoilt = false;

  /** @param bytesMax of the Contract: `valueBytesMax` */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  take(bytes: Buffer, start: number, end: number): void {
    if (this.isTooLong || this.#isSpoilt) return;
    const length = this.length + end - start;
    if (length > this.#bytesMax) {
      this.isTooLong = true;
      this.#drop();
      return;
    }
    if (length > this.octets.length) this.#grow(length);
    bytes.copy(this.octets, this.length, start, end);
    this.length = length;
  }

  /** The body has come to its end. */
  end(): void {
    this.isWhole = !this.isTooLong && !this.#isSpoilt;
  }

  /** What passes is not the value itself: it is encoded, or a proxy's own words. It is never whole. */
  spoil(): void {
    this.#isSpoilt = true;
    this.#drop();
  }

  #drop(): void {
    this.octets = nothing;
    this.length = 0;
  }

  /** As much as is needed, mostly for ever: bodies of operations come in one piece. */
  #grow(length: number): void {
    const before = this.octets;
    const size = this.length === 0 ? length : Math.min(2 * length, this.#bytesMax);
    this.octets = Buffer.allocUnsafe(size);
    before.copy(this.octets, 0, 0, this.length);
  }
}

const nothing = Buffer.alloc(0);
