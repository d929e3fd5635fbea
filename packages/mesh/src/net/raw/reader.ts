import { END_OF_STREAM, failureOfStatus } from "../errno.ts";
import type { ConnectionEvents, TransportFailure } from "../transport.ts";
import type { StreamHandle } from "./binding.ts";
import type { RawHost } from "./host.ts";
import type { RawTls } from "./tls.ts";

/** The connection that a reader reads for. */
export interface ReaderOwner {
  readonly phase: "opening" | "open" | "closed";
  readonly events: ConnectionEvents | null;
  /** The peer finished sending; the events have been told. */
  onEndReceived(): void;
  onBroken(failure: TransportFailure): void;
}

/** The receiving half of a connection: bytes and the end, as they come or, after a pause, as they are wanted. */
export class RawReader {
  readonly #owner: ReaderOwner;
  readonly #host: RawHost;
  readonly #stream: StreamHandle;
  readonly #tls: RawTls | null;
  receivedBytes = 0;
  #receivedEnd = false;
  #isPaused = false;
  /** Decrypted bytes that came while paused: Node's TLS goes on with what it has read. */
  #held: Buffer[] | null = null;
  #heldEnd = false;
  #awaitsFin = false;

  constructor(owner: ReaderOwner, host: RawHost, stream: StreamHandle, tls: RawTls | null) {
    this.#owner = owner;
    this.#host = host;
    this.#stream = stream;
    this.#tls = tls;
  }

  get receivedEnd(): boolean {
    return this.#receivedEnd;
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    if (this.#owner.phase === "open" && !this.#awaitsFin) this.#stream.readStop();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#owner.phase !== "open" || this.#awaitsFin) return;
    if (this.#held !== null || this.#heldEnd) process.nextTick(deliverHeld, this);
    else this.#stream.readStart();
  }

  /** The connection has opened. A handshake has been reading already; a plain connection starts here. */
  begin(): void {
    if (this.#isPaused) this.#stream.readStop();
    else this.#stream.readStart();
  }

  /** The handle has read into the host's buffer. */
  onRead(): void {
    const owner = this.#owner;
    if (owner.phase === "closed") return;
    const { state, readIndex } = this.#host.binding;
    const count = state[readIndex]!;
    if (owner.phase === "opening") {
      if (count < 0) this.#tls!.onLost(failureOfStatus(count, "handshake"));
    } else if (count > 0) {
      if (this.#tls?.awaitsFirstBytes && this.#tls.isRefusal(this.#host.readBuffer, count)) return;
      this.receivedBytes += count;
      if (this.#isPaused || this.#held !== null) this.#hold(count);
      else owner.events!.onBytes(this.#host.readBuffer, 0, count);
    } else if (count === END_OF_STREAM) {
      // Paused, the socket is not read: such an end came with the bytes before it, as close_notify.
      if (this.#isPaused || this.#held !== null) this.#heldEnd = true;
      else if (this.#tls === null) this.#deliverEnd();
      else this.#confirmEnd(this.#tls);
    } else if (count < 0) {
      owner.onBroken(failureOfStatus(count, "read"));
    }
  }

  /** TLS only: the FIN came after the `close_notify`. */
  onEndConfirmed(): void {
    this.#awaitsFin = false;
    if (this.#isPaused) this.#heldEnd = true;
    else this.#deliverEnd();
  }

  onHeldDue(): void {
    const owner = this.#owner;
    while (this.#held !== null && !this.#isPaused && owner.phase === "open") {
      const bytes = this.#held.shift()!;
      if (this.#held.length === 0) this.#held = null;
      owner.events!.onBytes(bytes, 0, bytes.length);
      this.#host.copies.release(bytes);
    }
    if (this.#held !== null || this.#isPaused || owner.phase !== "open") return;
    if (this.#heldEnd) {
      this.#heldEnd = false;
      this.#deliverEnd();
    } else {
      this.#stream.readStart();
    }
  }

  /** The handle is closed. */
  clear(): void {
    this.#held = null;
  }

  #confirmEnd(tls: RawTls): void {
    if (this.#receivedEnd) return;
    this.#awaitsFin = true;
    tls.confirmEnd();
  }

  #deliverEnd(): void {
    if (this.#receivedEnd) return;
    this.#receivedEnd = true;
    this.#owner.events!.onEnd();
    this.#owner.onEndReceived();
  }

  #hold(count: number): void {
    this.#held ??= [];
    this.#held.push(this.#host.copies.copy(this.#host.readBuffer, 0, count));
  }
}

function deliverHeld(reader: RawReader): void {
  reader.onHeldDue();
}
