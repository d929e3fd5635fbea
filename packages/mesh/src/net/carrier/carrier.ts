import type { Clock, Timer } from "../../base/clock.ts";
import type { Address } from "../../model/address.ts";
import type { Copies } from "../copies.ts";
import { latin1, writeLatin1 } from "../latin1.ts";
import type { Accept, Connection, ConnectionEvents, Peer, TransportFailure } from "../transport.ts";
import { CarriedConnection, type StreamCarrier } from "./carried-connection.ts";
import {
  CONTROL_BYTES_MAX,
  DATA_BYTES_MAX,
  FLAG_END,
  FRAME_HEAD_BYTES,
  FrameReader,
  type FrameSink,
  frameType,
  resetCode,
  writeFrameHead,
} from "./frame.ts";
import type { CarrierLimits } from "./limits.ts";

export interface CarrierOptions {
  readonly clock: Clock;
  readonly limits: CarrierLimits;
  /** Runs something right after the event or call at hand. */
  readonly soon: (action: () => void) => void;
  /** Where frames are put together; nobody else uses it while a frame is written. */
  readonly scratch: Buffer;
  readonly copies: Copies;
}

/** Told by a dialled carrier. */
export interface CarrierOwner {
  onCarrierOpen(carrier: Carrier, peer: Peer): void;
  onCarrierClosed(carrier: Carrier, failure: TransportFailure | null): void;
}

/** Takes the streams of an accepted carrier. */
export interface StreamAcceptor {
  readonly accept: Accept;
  /** Is `protocol` spoken here, by the name that the peer asked for? */
  readonly speaks: (serverName: string, protocol: string) => boolean;
  /** Are new streams refused? */
  readonly isClosed: boolean;
  /** Which of our identities a carrier accepted now would be shown. */
  readonly generation: () => number;
  /** Those that are there. */
  readonly carriers: Set<Carrier>;
}

/** Streams that a peer may reset, or open that are refused, on one carrier within a tick. */
const RESETS_MAX = 10_000;

/**
 * One connection between two proxies that carries others. Each end has one; only the dialler's opens streams.
 *
 * What several streams have to say within one event of the loop leaves in one TLS record and one system call, and arrives so:
 * that is what it is for.
 */
export class Carrier implements ConnectionEvents, FrameSink, StreamCarrier {
  readonly #options: CarrierOptions;
  readonly #owner: CarrierOwner | null;
  readonly #acceptor: StreamAcceptor | null;
  readonly #reader = new FrameReader(this);
  readonly #streams = new Map<number, CarriedConnection>();
  /** Streams whose turn comes when the connection takes more, or at the end of this event. */
  readonly #waiting: CarriedConnection[] = [];
  #connection: Connection | null = null;
  #peer: Peer | null = null;
  #local: Address | null = null;
  #remote: Address | null = null;
  #nextId = 1;
  #lastId = 0;
  #isClosed = false;
  #isGoingAway = false;
  #isTurnDue = false;
  #grownBytes = 0;
  isBlocked = false;
  // The frame being read.
  #type = 0;
  #flags = 0;
  #streamId = 0;
  #stream: CarriedConnection | null = null;
  // Life signs.
  #timer: Timer | null = null;
  #hasReceived = false;
  #hasSent = false;
  #isAsked = false;
  #owesPong = false;
  #emptySinceMs: number;
  #resets = 0;
  /** Accepted: the identity that we showed. */
  #generation = 0;

  constructor(
    options: CarrierOptions,
    role: { readonly owner: CarrierOwner } | { readonly acceptor: StreamAcceptor },
  ) {
    this.#options = options;
    this.#owner = "owner" in role ? role.owner : null;
    this.#acceptor = "acceptor" in role ? role.acceptor : null;
    this.#emptySinceMs = options.clock.monotonicMs();
  }

  /** Its connection, before any event of it. */
  attach(connection: Connection): void {
    this.#connection = connection;
    if (this.#acceptor !== null) this.#begin(connection.peer!);
  }

  get local(): Address {
    return (this.#local ??= this.#connection!.local);
  }

  get remote(): Address {
    return (this.#remote ??= this.#connection!.remote);
  }

  get peer(): Peer | null {
    return this.#peer;
  }

  get writtenBytes(): number {
    return this.#connection!.sentBytes;
  }

  get leftBytes(): number {
    const { sentBytes, queuedBytes } = this.#connection!;
    return sentBytes - queuedBytes;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  /** May another stream be opened on it? */
  get hasRoom(): boolean {
    return (
      this.#peer !== null &&
      !this.#isClosed &&
      !this.#isGoingAway &&
      this.#streams.size < this.#options.limits.streamsMax &&
      this.#nextId < 0x7fff_fff0
    );
  }

  get isDeaf(): boolean {
    return this.#isClosed;
  }

  /** Opens a stream for `connection`; only while `hasRoom`. */
  openStream(connection: CarriedConnection, protocol: string): void {
    const id = this.#nextId;
    this.#nextId += 2;
    this.#streams.set(id, connection);
    const { scratch } = this.#options;
    const length = protocol.length;
    const at = writeFrameHead(scratch, 0, { length, type: frameType.open, flags: 0, stream: id });
    writeLatin1(scratch, protocol, at);
    this.#write(at + length);
    connection.join(this, id, this.#peerOf(id, protocol));
    this.#options.soon(() => connection.open(null));
  }

  /** Takes no stream more, and ends when the last has. */
  goAway(): void {
    if (this.#isClosed || this.#isGoingAway) return;
    this.#isGoingAway = true;
    this.#sendEmpty(frameType.goaway, 0, 0);
    if (this.#streams.size === 0) this.#end();
  }

  /** Opens no stream more, and ends when the last has. */
  retire(): void {
    this.#isGoingAway = true;
    if (this.#streams.size === 0) this.#end();
  }

  /** Gives it up, with all its streams. */
  reset(): void {
    this.#fail(null);
  }

  onOpen(): void {
    const peer = this.#connection!.peer!;
    this.#begin(peer);
    this.#owner!.onCarrierOpen(this, peer);
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    this.#hasReceived = true;
    this.#reader.read(bytes, start, end);
    if (this.#owesPong) this.#answerPing();
    if (this.#waiting.length > 0 && !this.isBlocked) this.#takeTurns();
  }

  onEnd(): void {
    this.#fail(this.#streams.size === 0 ? null : { kind: "reset", detail: "the carrier ended" });
  }

  onDrain(): void {
    this.isBlocked = false;
    if (this.#owesPong) this.#answerPing();
    this.#takeTurns();
  }

  onClose(failure: TransportFailure | null): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    const lost = failure ?? { kind: "reset", detail: "the carrier ended" };
    for (const stream of [...this.#streams.values()]) stream.lose(lost);
    this.#acceptor?.carriers.delete(this);
    this.#owner?.onCarrierClosed(this, failure);
  }

  onFrameHead(type: number, flags: number, stream: number, length: number): boolean {
    this.#type = type;
    this.#flags = flags;
    this.#streamId = stream;
    this.#stream = null;
    if (type === frameType.data) {
      this.#stream = this.#streams.get(stream) ?? null;
      if (length > DATA_BYTES_MAX) return this.#fault("a DATA frame too long");
      // Of one that was reset here a moment ago the peer may not know yet.
      if (this.#stream === null && !this.#wasKnown(stream)) return this.#fault("DATA of no stream");
    } else if (length > CONTROL_BYTES_MAX) {
      return this.#fault(`frame of type ${type} too long`);
    }
    return true;
  }

  onFrameData(bytes: Buffer, start: number, end: number): void {
    if (this.#stream !== null && !this.#stream.onData(bytes, start, end)) {
      this.#fault("more than the window allows");
    }
  }

  onFrameEnd(payload: Buffer, length: number): void {
    switch (this.#type) {
      case frameType.data:
        if ((this.#flags & FLAG_END) !== 0 && this.#stream?.onEnd() === false) {
          this.#fault("a stream ended twice");
        }
        break;
      case frameType.open:
        this.#onOpenFrame(latin1(payload, 0, length));
        break;
      case frameType.reset:
        if (length !== 4) this.#fault("a RESET without its reason");
        else this.#onResetFrame(payload.readUInt32BE(0));
        break;
      case frameType.ping:
        if ((this.#flags & FLAG_END) === 0) this.#owesPong = true;
        break;
      case frameType.goaway:
        this.#isGoingAway = true;
        if (this.#streams.size === 0) this.#end();
        break;
      case frameType.window:
        if (length !== 4) this.#fault("a WINDOW without its number");
        else this.#streams.get(this.#streamId)?.onWindow(payload.readUInt32BE(0));
        break;
      default: // RFC 9113 §4.1: frames of a type unknown are ignored
    }
  }

  sendData(stream: number, bytes: Buffer, start: number, end: number): void {
    const { scratch } = this.#options;
    let out = 0;
    for (let at = start; at < end; ) {
      const length = Math.min(DATA_BYTES_MAX, end - at);
      if (out + FRAME_HEAD_BYTES + length > scratch.length) {
        this.#write(out);
        out = 0;
      }
      out = writeFrameHead(scratch, out, { length, type: frameType.data, flags: 0, stream });
      bytes.copy(scratch, out, at, at + length);
      out += length;
      at += length;
    }
    this.#write(out);
  }

  sendEnd(stream: number): void {
    this.#sendEmpty(frameType.data, FLAG_END, stream);
  }

  sendReset(stream: number, code: number): void {
    this.#sendNumber(frameType.reset, stream, code);
  }

  sendWindow(stream: number, count: number): void {
    this.#sendNumber(frameType.window, stream, count);
  }

  await(stream: CarriedConnection): void {
    this.#waiting.push(stream);
    if (this.isBlocked || this.#isTurnDue) return;
    this.#isTurnDue = true;
    this.#options.soon(() => {
      this.#isTurnDue = false;
      this.#takeTurns();
    });
  }

  grow(count: number): boolean {
    if (this.#grownBytes + count > this.#options.limits.grownBytesMax) return false;
    this.#grownBytes += count;
    return true;
  }

  forget(stream: CarriedConnection): void {
    if (!this.#streams.delete(stream.id)) return;
    this.#grownBytes -= stream.grownBytes;
    if (this.#streams.size > 0) return;
    this.#emptySinceMs = this.#options.clock.monotonicMs();
    if (this.#isGoingAway) this.#end();
  }

  #begin(peer: Peer): void {
    this.#peer = peer;
    this.#acceptor?.carriers.add(this);
    this.#generation = this.#acceptor?.generation() ?? 0;
    this.#timer = this.#options.clock.after(this.#options.limits.silenceMs, () => this.#tick());
  }

  /** Streams in turn, a frame each, as long as the connection takes it. */
  #takeTurns(): void {
    const waiting = this.#waiting;
    while (waiting.length > 0 && !this.isBlocked && !this.#isClosed) waiting.shift()!.onTurn();
  }

  #onOpenFrame(protocol: string): void {
    const acceptor = this.#acceptor;
    const id = this.#streamId;
    if (acceptor === null || (id & 1) === 0 || id <= this.#lastId) {
      this.#fault("a stream opened that may not be");
      return;
    }
    this.#lastId = id;
    const isFull = this.#streams.size >= this.#options.limits.streamsMax;
    const peer = this.#peer!;
    const isRefused =
      isFull ||
      this.#isGoingAway ||
      acceptor.isClosed ||
      !acceptor.speaks(peer.serverName, protocol);
    if (isRefused) {
      if (this.#mayReset()) this.sendReset(id, resetCode.refused);
      return;
    }
    const connection = new CarriedConnection(this.#options, null);
    this.#streams.set(id, connection);
    connection.join(this, id, this.#peerOf(id, protocol));
    const events = acceptor.accept(connection);
    if (events === null) connection.reset();
    else connection.open(events);
  }

  #onResetFrame(code: number): void {
    if (!this.#mayReset()) return;
    const kind = code === resetCode.refused ? "refused" : "reset";
    this.#streams
      .get(this.#streamId)
      ?.close({ kind, detail: `the peer reset the stream: ${code}` });
  }

  /** One for all that came meanwhile: a peer that reads nothing has none wait. */
  #answerPing(): void {
    if (this.isBlocked) return;
    this.#owesPong = false;
    this.#sendEmpty(frameType.ping, FLAG_END, 0);
  }

  #mayReset(): boolean {
    return ++this.#resets <= RESETS_MAX || this.#fault("too many streams reset");
  }

  #peerOf(id: number, alpn: string): Peer {
    const peer = this.#peer!;
    return { ...peer, alpn, channel: channelOfStream(peer.channel, (id + 1) / 2) };
  }

  #wasKnown(stream: number): boolean {
    return (
      (stream & 1) === 1 &&
      (this.#acceptor === null ? stream < this.#nextId : stream <= this.#lastId)
    );
  }

  /** One look every `silenceMs`: is the peer there, and is the carrier needed? */
  #tick(): void {
    const { clock, limits } = this.#options;
    this.#timer = clock.after(limits.silenceMs, () => this.#tick());
    this.#resets = 0;
    // The dialler is to see the identity that we have now.
    if (this.#acceptor !== null && this.#acceptor.generation() !== this.#generation) this.goAway();
    const wasHeard = this.#hasReceived;
    this.#hasReceived = false;
    if (wasHeard) this.#hasSent &&= this.#streams.size > 0;
    if (!wasHeard && this.#isAsked) {
      this.#fail({ kind: "timeout", detail: "the peer is silent" });
      return;
    }
    this.#isAsked = !wasHeard && this.#hasSent && this.#streams.size > 0;
    if (this.#isAsked) this.#sendEmpty(frameType.ping, 0, 0);
    else this.#hasSent = false;
    const isIdle = this.#streams.size === 0;
    if (isIdle && this.#owner !== null && clock.monotonicMs() - this.#emptySinceMs >= limits.idleMs)
      this.#end();
  }

  #sendNumber(type: number, stream: number, value: number): void {
    const { scratch } = this.#options;
    const at = writeFrameHead(scratch, 0, { length: 4, type, flags: 0, stream });
    scratch.writeUInt32BE(value, at);
    this.#write(at + 4);
  }

  #sendEmpty(type: number, flags: number, stream: number): void {
    this.#write(writeFrameHead(this.#options.scratch, 0, { length: 0, type, flags, stream }));
  }

  #write(length: number): void {
    if (this.#isClosed) return;
    this.#hasSent = true;
    if (this.#connection!.write(this.#options.scratch, 0, length) === "queued")
      this.isBlocked = true;
  }

  #fault(detail: string): false {
    this.#fail({ kind: "reset", detail: `heddle/1: ${detail}` });
    return false;
  }

  /** Ends in good order; nothing goes on. */
  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#connection!.end();
    this.#timer = this.#options.clock.after(this.#options.limits.silenceMs, () =>
      this.#connection!.reset(),
    );
  }

  #fail(failure: TransportFailure | null): void {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#timer?.cancel();
      const lost = failure ?? { kind: "reset", detail: "the carrier was given up" };
      for (const stream of [...this.#streams.values()]) stream.lose(lost);
    }
    this.#connection!.reset();
  }
}

/** Names a stream as its carrier's channel names the carrier: alike at both ends, another for each, unknown to others. */
export function channelOfStream(channel: string, ordinal: number): string {
  const last = Number.parseInt(channel.slice(-8), 16) ^ ordinal;
  return channel.slice(0, -8) + (last >>> 0).toString(16).padStart(8, "0");
}
