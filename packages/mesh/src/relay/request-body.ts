import type { Fields } from "../model/head.ts";
import type { BodyCopy } from "../net/body-copy.ts";
import type { BodyLength, ClientStream, ServerStream } from "../net/codec.ts";
import { HeldBody } from "./held-body.ts";
import type { KeptBodies } from "./kept-bodies.ts";

/** Gets a body as it passes. */
export interface BodyTaker {
  take(bytes: Buffer, start: number, end: number): void;
  /** It is complete. */
  end(): void;
}

/** What has come of a request's body, what of it is still here, and whether more may come now. */
export class RequestBody {
  readonly #stream: ServerStream;
  readonly #hasOctets: boolean;
  /** Null: the request has no body, or what comes is a tunnel's. */
  readonly #held: HeldBody | null;
  #copy: BodyTaker | null = null;
  #mirror: BodyTaker | null = null;
  #trailers: Fields | null = null;
  isPaused = false;
  /** How often it was paused. */
  pauses = 0;
  /** Is the request complete? */
  isEnded = false;

  constructor(stream: ServerStream, length: BodyLength, kept: KeptBodies) {
    this.#stream = stream;
    this.#hasOctets = length !== 0;
    this.#held = length === 0 || length === "tunnel" ? null : new HeldBody(kept);
  }

  /** Can all that was read so far be sent again? */
  get isReplayable(): boolean {
    return this.#held === null || this.#held.isWhole;
  }

  /** Nobody can take the octets yet. */
  hold(bytes: Buffer, start: number, end: number): void {
    this.#copy?.take(bytes, start, end);
    this.#mirror?.take(bytes, start, end);
    this.#held!.hold(bytes, start, end);
  }

  /** An attempt takes the octets. */
  keep(bytes: Buffer, start: number, end: number): void {
    this.#copy?.take(bytes, start, end);
    this.#mirror?.take(bytes, start, end);
    this.#held?.keep(bytes, start, end);
  }

  end(trailers: Fields | null): void {
    this.isEnded = true;
    this.#trailers = trailers;
    this.#copy?.end();
    this.#mirror?.end();
  }

  /** Octets of what is passed on that are kept for another attempt. */
  set keptBytesMax(bytesMax: number) {
    if (this.#held !== null) this.#held.bytesMax = bytesMax;
  }

  /** From now on, and from the beginning: nothing was passed on yet. */
  copyTo(copy: BodyCopy): void {
    this.#copy = copy;
    this.#give(copy);
  }

  /** The same, of a request that others get as well. */
  mirrorTo(mirror: BodyTaker): void {
    this.#mirror = mirror;
    this.#give(mirror);
  }

  #give(taker: BodyTaker): void {
    for (const chunk of this.#held?.chunks() ?? []) taker.take(chunk, 0, chunk.length);
    if (this.isEnded) taker.end();
  }

  /** What has come goes to an attempt; more follows as it comes. @param isOnly there will be no other attempt */
  sendTo(stream: ClientStream, isOnly: boolean): void {
    const held = this.#held;
    if (held === null) {
      if (this.isEnded) stream.sendEnd(null); // else it follows within this turn
      return;
    }
    let isWritable = true;
    for (const chunk of held.chunks()) isWritable = stream.sendBody(chunk, 0, chunk.length);
    if (isOnly) held.release();
    if (this.isEnded) stream.sendEnd(this.#trailers);
    else if (isWritable) this.resume();
    else this.pause();
  }

  pause(): void {
    if (!this.#hasOctets || this.isPaused || this.isEnded) return;
    this.isPaused = true;
    this.pauses++;
    this.#stream.pauseRequest();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.#stream.resumeRequest();
  }

  /** Lets everything go: there will be no other attempt. */
  release(): void {
    this.#held?.release();
  }
}
