import type { Fields } from "../../model/head.ts";
import { joinPiece } from "../join-piece.ts";
import { WINDOW_UPDATE } from "./frame.ts";

/** How a stream came to its end before both sides had ended it. */
export interface StreamFailure {
  /**
   * `reset`: RST_STREAM came · `refused`: the peer says that it was not processed · `malformed`: what came breaks the rules, the
   * stream was reset · `slow`: nothing came, or was taken, for too long · `lost`: the connection ended.
   */
  readonly kind: "reset" | "refused" | "malformed" | "slow" | "lost";
  readonly detail: string;
}

/** What a stream needs of its connection. */
export interface StreamHost {
  /** How much the peer may send on a stream before it is given credit back: at first, and where its reader keeps up. */
  readonly streamWindowBytes: number;
  readonly streamWindowBytesMax: number;
  /** And what the peer takes at first. */
  readonly peer: { readonly streamWindowBytes: number };
  /** Octets that came and were not passed on yet, of all streams. */
  heldBytes: number;
  /** Sends a frame whose payload is one number. */
  sendUint32(type: number, id: number, value: number): void;
  /** Calls `deliverHeld` when the event at hand has been handled. */
  resumeLater(stream: Http2Stream): void;
  closeIfEnded(stream: Http2Stream): void;
}

/**
 * One stream of a connection, of either side: its states, both its windows, and what waits in it. What its octets mean is its
 * subclass's.
 *
 * ```
 *  receiving:  frame ─▶ onBody                          not paused: at once, credit is given back
 *                └▶ held ─▶ onBody                      paused: a copy waits, credit too
 *  sending:    send ─▶ frame                            both windows open, nobody before us
 *                └▶ queue ─▶ frame, in turn             else; the sender was told `false`
 * ```
 */
export abstract class Http2Stream {
  readonly #host: StreamHost;
  readonly id: number;
  isClosed = false;
  /** Has our END_STREAM been sent, theirs come? */
  hasSentEnd = false;
  hasReceivedEnd = false;

  // Receiving.
  /** May DATA come: has a head? */
  isBodyDue = false;
  /** Body octets still to come as announced, or -1. */
  expectedBytes = -1;
  /** What the peer may still send, of a window of `#window`. */
  receiveWindow: number;
  #window: number;
  /** Has the reader rested since the peer was last given credit? */
  #hasRested = false;
  receivedBytes = 0;
  isPaused = false;
  /** What came while paused, copied, oldest first; null: nothing waits, the end neither. */
  #held: Buffer[] | null = null;
  #isEndHeld = false;
  #heldTrailers: Fields | null = null;
  /** Octets handed on by which the receiver was filled up: they wait there. */
  #owedBytes = 0;
  /** These and what is held: credit that is not given back yet. */
  #uncreditedBytes = 0;
  isResuming = false;

  // Sending.
  /** What we may still send; below 0 after the peer has made its windows smaller (RFC 9113 §6.9.2). */
  sendWindow: number;
  sentBytes = 0;
  queue: Buffer[] | null = null;
  /** Where in the first of them. */
  queueAt = 0;
  queuedBytes = 0;
  /** Somebody was told to wait. */
  owesWritable = false;
  wantsEnd = false;
  trailers: Fields | null = null;
  /** Place among those that can send as soon as the connection can. */
  isReady = false;
  before: Http2Stream | null = null;
  after: Http2Stream | null = null;
  /** The last frame that may carry END_STREAM, for as long as it has not left. */
  lastFrameAt = 0;
  lastFrameEpoch = -1;

  // Watching.
  seenReceived = 0;
  seenSent = 0;
  receivedAtMs = 0;
  sentAtMs = 0;

  constructor(host: StreamHost, id: number) {
    this.#host = host;
    this.id = id;
    this.#window = host.streamWindowBytes;
    this.receiveWindow = this.#window;
    this.sendWindow = host.peer.streamWindowBytes;
  }

  abstract onBody(bytes: Buffer, start: number, end: number): void;
  abstract onEnd(trailers: Fields | null): void;
  /** A block behind the first; of a server's stream the trailers, of a client's the final head after interim ones, too. */
  abstract onBlock(bytes: Buffer, start: number, end: number, endsStream: boolean): void;
  abstract onWritable(): void;
  /** It is closed; nothing more comes from it. */
  abstract onFailed(failure: StreamFailure): void;
  /** Our side has ended, on the wire. */
  abstract onSentEnd(): void;
  /** Looked at about once a minute. */
  abstract onLook(): void;
  /** Nothing comes of a body that was announced and would be taken. */
  abstract onSlow(): void;

  /** Is it the peer whom all waits for: to send what it has announced? */
  get isAwaited(): boolean {
    return this.expectedBytes > 0 && !this.hasReceivedEnd && !this.isPaused;
  }

  /** Does it need its connection no more: is all here that will be handed on? */
  get outlivesConnection(): boolean {
    return false;
  }

  /** Octets of a DATA frame. */
  receive(bytes: Buffer, start: number, end: number): void {
    const count = end - start;
    this.receivedBytes += count;
    if (this.isPaused || this.#held !== null) {
      this.#held ??= [];
      if (!joinPiece(this.#held, bytes, start, end)) {
        this.#held.push(Buffer.from(bytes.subarray(start, end)));
      }
      this.#hold(count);
      return;
    }
    this.onBody(bytes, start, end);
    if (this.isPaused && !this.isClosed) {
      this.#owedBytes += count;
      this.#hold(count);
    }
  }

  /** END_STREAM, behind all octets. */
  receiveEnd(trailers: Fields | null): void {
    this.hasReceivedEnd = true;
    if (this.#held !== null) {
      this.#isEndHeld = true;
      this.#heldTrailers = trailers;
      return;
    }
    this.onEnd(trailers);
    this.#host.closeIfEnded(this);
  }

  pause(): void {
    this.isPaused = true;
    this.#hasRested = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (this.isClosed) return;
    this.#credit(this.#owedBytes);
    this.#owedBytes = 0;
    this.replenish();
    if (this.#held !== null) this.#host.resumeLater(this);
  }

  /** Hands on what was held, until paused again. */
  deliverHeld(): void {
    const held = this.#held;
    let index = 0;
    while (held !== null && index < held.length && !this.isPaused && !this.isClosed) {
      const chunk = held[index++]!;
      this.onBody(chunk, 0, chunk.length);
      if (this.isClosed) return;
      if (this.isPaused) this.#owedBytes += chunk.length;
      else this.#credit(chunk.length);
    }
    if (held === null || this.isClosed) return;
    this.#held = index < held.length ? held.slice(index) : null;
    if (this.#held === null && this.#isEndHeld) {
      this.#isEndHeld = false;
      this.onEnd(this.#heldTrailers);
      this.#host.closeIfEnded(this);
    }
    if (!this.isClosed) this.replenish();
  }

  /** Has the end come and been handed on? */
  get isEndDelivered(): boolean {
    return this.hasReceivedEnd && !this.#isEndHeld;
  }

  /**
   * Gives credit back in large pieces: when half of the window may be opened again (RFC 9113 §6.9). To a reader that has never
   * rested meanwhile twice as much: one that takes nothing holds little.
   */
  replenish(): void {
    if (this.hasReceivedEnd) return;
    let increment = this.#window - this.#uncreditedBytes - this.receiveWindow;
    if (increment < Math.max(1, this.#window >> 1)) return;
    // All that was announced may come as it is.
    if (this.expectedBytes >= 0 && this.expectedBytes <= this.receiveWindow) return;
    if (!this.#hasRested && this.#window < this.#host.streamWindowBytesMax) {
      increment += this.#window;
      this.#window *= 2;
    }
    this.#hasRested = this.isPaused;
    this.receiveWindow += increment;
    this.#host.sendUint32(WINDOW_UPDATE, this.id, increment);
  }

  /** It is closed: what it held is let go. */
  release(): void {
    this.isClosed = true;
    this.#held = null;
    this.#isEndHeld = false;
    this.#credit(this.#uncreditedBytes);
    this.dropQueue();
  }

  dropQueue(): void {
    this.queue = null;
    this.queuedBytes = 0;
    this.owesWritable = false;
    this.wantsEnd = false;
    this.trailers = null;
  }

  #hold(count: number): void {
    this.#uncreditedBytes += count;
    this.#host.heldBytes += count;
  }

  #credit(count: number): void {
    this.#uncreditedBytes -= count;
    this.#host.heldBytes -= count;
  }
}
