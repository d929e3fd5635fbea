import { joinPiece } from "../net/join-piece.ts";
import type { KeptBodies } from "./kept-bodies.ts";

/** Octets of a request's body kept for another attempt. Default 65536 (Linkerd's retry buffer); a policy may say otherwise. */
export const heldBytesMax = 65_536;

/**
 * What of a request's body has been read before an attempt could take it, and what was passed to an attempt that may
 * have to be repeated. Made only for requests that have a body.
 */
export class HeldBody {
  /** Octets of what was passed on that are kept. */
  bytesMax = heldBytesMax;
  readonly #kept: KeptBodies;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  /** Is everything read so far still here? If not, no other attempt can be made. */
  isWhole = true;

  /** @param kept of all requests together */
  constructor(kept: KeptBodies) {
    this.#kept = kept;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a copy: nobody else can take the octets yet. The source is paused, so little more comes. */
  hold(bytes: Buffer, start: number, end: number): void {
    if (!joinPiece(this.#chunks, bytes, start, end)) {
      this.#chunks.push(Buffer.from(bytes.subarray(start, end)));
    }
    this.#bytes += end - start;
    this.#kept.add(end - start);
  }

  /** Keeps a copy of what was passed on, up to the limits, its own and that of all; beyond them all of it is let go. */
  keep(bytes: Buffer, start: number, end: number): void {
    if (!this.isWhole) return;
    const length = end - start;
    if (this.#bytes + length > this.bytesMax || !this.#kept.hasRoom(length)) this.release();
    else this.hold(bytes, start, end);
  }

  /** Lets everything go: there will be no other attempt. */
  release(): void {
    this.isWhole = false;
    this.#chunks.length = 0;
    this.#kept.add(-this.#bytes);
    this.#bytes = 0;
  }

  /** What is held, oldest first. */
  chunks(): readonly Buffer[] {
    return this.#chunks;
  }
}
