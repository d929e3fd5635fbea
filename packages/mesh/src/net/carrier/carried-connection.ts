import type { Address } from "../../model/address.ts";
import type { Copies } from "../copies.ts";
import { joinPiece } from "../join-piece.ts";
import type {
  Connection,
  ConnectionEvents,
  Peer,
  TransportFailure,
  WriteStatus,
} from "../transport.ts";
import { DATA_BYTES_MAX, resetCode } from "./frame.ts";

/** What a stream needs of its carrier. */
export interface StreamCarrier {
  readonly local: Address;
  readonly remote: Address;
  /** Does the connection below take no more for now? `onTurn` of the streams that wait follows. */
  readonly isBlocked: boolean;
  /** Octets written to it so far, with all that frames add, and how many of them the kernel has. */
  readonly writtenBytes: number;
  readonly leftBytes: number;
  sendData(stream: number, bytes: Buffer, start: number, end: number): void;
  sendEnd(stream: number): void;
  sendReset(stream: number, code: number): void;
  sendWindow(stream: number, count: number): void;
  /** The stream has something to send, or somebody to tell, once the connection takes more. */
  await(stream: CarriedConnection): void;
  /** May a window grow by `count`? Then that is counted until the stream is over. */
  grow(count: number): boolean;
  /** The stream is over. */
  forget(stream: CarriedConnection): void;
}

export interface StreamOptions {
  readonly limits: { readonly windowBytes: number; readonly windowBytesMax: number };
  readonly soon: (action: () => void) => void;
  readonly copies: Copies;
}

/**
 * A connection that is a stream of a carrier. What is above cannot tell: octets both ways, half-closes, backpressure, reset.
 *
 * ```
 *  opening ──▶ open ──▶ closed        opening: the carrier is being dialled
 *     └──▶ direct                     the peer speaks no heddle/1: a connection of its own, to which all is passed on
 * ```
 */
export class CarriedConnection implements Connection {
  readonly #soon: (action: () => void) => void;
  readonly #copies: Copies;
  readonly #dialled: Address | null;
  readonly #windowMax: number;
  #carrier: StreamCarrier | null = null;
  #direct: Connection | null = null;
  #events: ConnectionEvents | null;
  #phase: "opening" | "open" | "closed" = "opening";
  #peer: Peer | null = null;
  /** Its number on the carrier. */
  id = 0;
  #received = 0;
  #sent = 0;
  /** Octets that the peer takes. */
  #sendWindow: number;
  /** Octets that the peer may send, of a window of `#window`. */
  #receiveWindow: number;
  #window: number;
  /** What the window has grown by. */
  grownBytes = 0;
  /** Passed on since the peer was last told. */
  #consumed = 0;
  /** Has the reader rested since then? */
  #hasPaused = false;
  #queue: Buffer[] | null = null;
  #queued = 0;
  /** Of the last piece sent: how long it is, and where in the carrier's octets it ends. */
  #lastBytes = 0;
  #lastEnd = 0;
  #isAwaiting = false;
  #owesDrain = false;
  #wantsEnd = false;
  #hasSentEnd = false;
  #isPaused = false;
  #held: Buffer[] | null = null;
  #heldEnd = false;
  #isDeliveryDue = false;
  #hasReceivedEnd = false;
  #giveUp: (() => void) | null;

  /**
   * @param events null: they are known when it is opened
   * @param dialled where to, for a stream that waits for its carrier
   * @param giveUp told when such a stream ends
   */
  constructor(
    options: StreamOptions,
    events: ConnectionEvents | null,
    dialled: Address | null = null,
    giveUp: (() => void) | null = null,
  ) {
    const { windowBytes, windowBytesMax } = options.limits;
    this.#soon = options.soon;
    this.#copies = options.copies;
    this.#events = events;
    this.#dialled = dialled;
    this.#giveUp = giveUp;
    this.#window = windowBytes;
    this.#windowMax = windowBytesMax;
    this.#sendWindow = windowBytes;
    this.#receiveWindow = windowBytes;
  }

  get local(): Address {
    return (this.#direct ?? this.#carrier)?.local ?? nowhere;
  }

  get remote(): Address {
    return this.#dialled ?? this.#carrier?.remote ?? nowhere;
  }

  get peer(): Peer | null {
    return this.#direct === null ? this.#peer : this.#direct.peer;
  }

  get queuedBytes(): number {
    if (this.#direct !== null) return this.#direct.queuedBytes;
    return this.#queued + this.#unsentBytes();
  }

  get receivedBytes(): number {
    return this.#direct === null ? this.#received : this.#direct.receivedBytes;
  }

  get sentBytes(): number {
    return this.#direct === null ? this.#sent : this.#direct.sentBytes;
  }

  write(bytes: Buffer, start: number, end: number): WriteStatus {
    if (this.#direct !== null) return this.#direct.write(bytes, start, end);
    if (this.#phase === "closed" || this.#wantsEnd || end <= start) return this.#status();
    const count = end - start;
    this.#sent += count;
    if (this.#queue === null && this.#maySend(count)) {
      this.#send(bytes, start, end);
      if (this.#carrier?.isBlocked === true) this.#oweDrain();
      return this.#status();
    }
    for (let at = start; at < end; at += DATA_BYTES_MAX) {
      this.#enqueue(this.#copies.copy(bytes, at, Math.min(end, at + DATA_BYTES_MAX)));
    }
    return "queued";
  }

  writeOwned(bytes: Buffer): WriteStatus {
    if (this.#direct !== null) return this.#direct.writeOwned(bytes);
    if (this.#phase === "closed" || this.#wantsEnd || bytes.length === 0) return this.#status();
    this.#sent += bytes.length;
    return this.#enqueue(bytes);
  }

  end(): void {
    if (this.#direct !== null) {
      this.#direct.end();
      return;
    }
    if (this.#phase === "closed" || this.#wantsEnd) return;
    this.#wantsEnd = true;
    if (this.#phase === "open" && this.#queue === null) this.#sendEnd();
  }

  reset(): void {
    if (this.#direct !== null) {
      this.#direct.reset();
      return;
    }
    if (this.#phase === "closed") return;
    if (this.#carrier !== null) this.#carrier.sendReset(this.id, resetCode.cancel);
    this.close(null);
  }

  pause(): void {
    if (this.#direct !== null) this.#direct.pause();
    this.#isPaused = true;
    this.#hasPaused = true;
  }

  resume(): void {
    if (this.#direct !== null) {
      this.#direct.resume();
      return;
    }
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#held === null && !this.#heldEnd) return;
    if (this.#isDeliveryDue) return;
    this.#isDeliveryDue = true;
    this.#soon(() => this.#deliverHeld());
  }

  /** It has become stream `id` of `carrier`; `open` follows. */
  join(carrier: StreamCarrier, id: number, peer: Peer): void {
    this.#carrier = carrier;
    this.#giveUp = null;
    this.id = id;
    this.#peer = peer;
    this.#phase = "open";
  }

  /** Events may flow. @param events who gets them, where it was not known before */
  open(events: ConnectionEvents | null): void {
    if (this.#phase !== "open") return; // given up meanwhile
    if (events !== null) this.#events = events;
    else this.#events!.onOpen();
    if (this.#queue !== null) this.onTurn();
    else if (this.#wantsEnd && this.#phase === "open") this.#sendEnd();
  }

  /** The peer speaks no carrier: what was asked for is dialled, and gets what was written meanwhile. */
  becomeDirect(dial: (events: ConnectionEvents) => Connection): void {
    if (this.#phase === "closed") return;
    this.#giveUp = null;
    const direct = dial(this.#events!);
    for (const bytes of this.#queue ?? []) direct.writeOwned(bytes);
    if (this.#wantsEnd) direct.end();
    if (this.#isPaused) direct.pause();
    this.#queue = null;
    this.#direct = direct;
  }

  onData(bytes: Buffer, start: number, end: number): boolean {
    const count = end - start;
    this.#receiveWindow -= count;
    if (this.#receiveWindow < 0 || this.#hasReceivedEnd || this.#heldEnd) return false;
    if (this.#phase === "closed") return true;
    this.#received += count;
    if (this.#isPaused || this.#held !== null) {
      this.#held ??= [];
      if (!joinPiece(this.#held, bytes, start, end)) {
        this.#held.push(this.#copies.copy(bytes, start, end));
      }
    } else {
      this.#events!.onBytes(bytes, start, end);
      this.#onConsumed(count);
    }
    return true;
  }

  onEnd(): boolean {
    if (this.#hasReceivedEnd || this.#heldEnd) return false;
    if (this.#isPaused || this.#held !== null) this.#heldEnd = true;
    else this.#deliverEnd();
    return true;
  }

  onWindow(count: number): void {
    this.#sendWindow += count;
    if (this.#queue !== null && this.#phase === "open") this.#await();
  }

  /** It is its turn to send, up to a frame of what waits, or to say that nothing waits any more. */
  onTurn(): void {
    this.#isAwaiting = false;
    const carrier = this.#carrier;
    if (this.#phase !== "open" || carrier === null) return;
    const queue = this.#queue;
    if (queue !== null) {
      const first = queue[0]!;
      const count = Math.min(first.length, this.#sendWindow, DATA_BYTES_MAX);
      if (count === 0) return; // the peer's word is waited for
      this.#queued -= count;
      if (count < first.length) queue[0] = first.subarray(count);
      else if (queue.length > 1) queue.shift();
      else this.#queue = null;
      this.#send(first, 0, count);
      if (count === first.length) this.#copies.release(first);
      if (this.#queue !== null) {
        this.#await();
        return;
      }
    }
    if (this.#wantsEnd) this.#sendEnd();
    if (carrier.isBlocked && this.#owesDrain) {
      this.#await();
      return;
    }
    if (!this.#owesDrain) return;
    this.#owesDrain = false;
    this.#events?.onDrain();
  }

  /** The end, whoever wanted it; `onClose` follows, never from within this call. */
  close(failure: TransportFailure | null): void {
    if (this.#phase === "closed") return;
    this.#shut();
    this.#soon(() => this.#tell(failure));
  }

  /** The carrier is gone, and this call comes from an event of it. */
  lose(failure: TransportFailure): void {
    if (this.#phase === "closed") return;
    this.#shut();
    this.#tell(failure);
  }

  #shut(): void {
    this.#phase = "closed";
    this.#queue = null;
    this.#queued = 0;
    this.#held = null;
    this.#carrier?.forget(this);
    this.#giveUp?.();
    this.#giveUp = null;
  }

  #tell(failure: TransportFailure | null): void {
    const events = this.#events;
    this.#events = null;
    events?.onClose(failure);
  }

  #send(bytes: Buffer, start: number, end: number): void {
    const carrier = this.#carrier!;
    this.#sendWindow -= end - start;
    this.#lastBytes = end - start;
    carrier.sendData(this.id, bytes, start, end);
    this.#lastEnd = carrier.writtenBytes;
  }

  /** Of what was sent last, the octets that the kernel has not: none of the streams' octets behind it count. */
  #unsentBytes(): number {
    const carrier = this.#carrier;
    if (carrier === null || !carrier.isBlocked) return 0;
    return Math.max(0, Math.min(this.#lastBytes, this.#lastEnd - carrier.leftBytes));
  }

  #maySend(count: number): boolean {
    return (
      this.#phase === "open" && count <= this.#sendWindow && this.#carrier!.isBlocked === false
    );
  }

  #status(): WriteStatus {
    return this.#owesDrain ? "queued" : "done";
  }

  #enqueue(bytes: Buffer): WriteStatus {
    const isFirst = this.#queue === null;
    this.#queue ??= [];
    this.#queue.push(bytes);
    this.#queued += bytes.length;
    this.#owesDrain = true;
    if (isFirst && this.#phase === "open") this.#await();
    return "queued";
  }

  #oweDrain(): void {
    this.#owesDrain = true;
    this.#await();
  }

  #await(): void {
    if (this.#isAwaiting) return;
    this.#isAwaiting = true;
    this.#carrier!.await(this);
  }

  #sendEnd(): void {
    if (this.#hasSentEnd) return;
    this.#hasSentEnd = true;
    this.#carrier!.sendEnd(this.id);
    if (this.#hasReceivedEnd) this.close(null);
  }

  #deliverEnd(): void {
    this.#hasReceivedEnd = true;
    this.#events?.onEnd();
    if (this.#hasSentEnd) this.close(null);
  }

  #deliverHeld(): void {
    this.#isDeliveryDue = false;
    while (this.#held !== null && !this.#isPaused && this.#phase === "open") {
      const bytes = this.#held.shift()!;
      if (this.#held.length === 0) this.#held = null;
      this.#events!.onBytes(bytes, 0, bytes.length);
      this.#onConsumed(bytes.length);
      this.#copies.release(bytes);
    }
    if (this.#held !== null || this.#isPaused || !this.#heldEnd || this.#phase !== "open") return;
    this.#heldEnd = false;
    this.#deliverEnd();
  }

  /** Tells the peer, once half the window was taken; a reader that never rested gets twice as much. */
  #onConsumed(count: number): void {
    this.#consumed += count;
    if (this.#consumed * 2 < this.#window || this.#phase !== "open" || this.#hasReceivedEnd) return;
    let more = this.#consumed;
    const mayGrow = !this.#hasPaused && this.#window < this.#windowMax;
    if (mayGrow && this.#carrier!.grow(this.#window)) {
      this.grownBytes += this.#window;
      more += this.#window;
      this.#window *= 2;
    }
    this.#hasPaused = this.#isPaused;
    this.#consumed = 0;
    this.#receiveWindow += more;
    this.#carrier!.sendWindow(this.id, more);
  }
}

const nowhere: Address = { kind: "tcp", host: "0.0.0.0", port: 0 };
