import { timingSafeEqual } from "node:crypto";
import { Deadline, type DeadlineWheel } from "../../base/deadline-wheel.ts";
import { END_OF_STREAM, failureOfError, failureOfStatus } from "../errno.ts";
import { CHANNEL_BYTES, CHANNEL_LABEL, REFUSAL_BYTES, REFUSAL_LABEL } from "../tls-wire.ts";
import type { Accept, Connection, Peer, TransportFailure } from "../transport.ts";
import type { SocketHandle, StreamHandle, TlsHandle } from "./binding.ts";
import type { RawHost } from "./host.ts";

/**
 * How long an end may stand without the FIN that follows every `close_notify` of ours. Node shows a connection cut off
 * without a `close_notify` (a killed peer, or somebody between) as the same end; what tells them apart is that a FIN
 * still comes after the first. RFC 8446 §6.1: the other is a truncation.
 */
const CONFIRM_END_MS = 50;

/** The connection that a TLS session is part of: `owner` of the session's handle. */
export interface TlsOwner extends Connection {
  readonly tls: RawTls | null;
  readonly phase: "opening" | "open" | "closed";
  /** Connected and verified: events may flow. */
  onReady(peer: Peer): void;
  /** The listening side's `onReady`: the acceptor decides who gets the events. */
  onAccepted(peer: Peer | null, accept: Accept): void;
  /** The FIN came after the `close_notify`. */
  onEndConfirmed(): void;
  /** Ends it at once. */
  fail(failure: TransportFailure | null): void;
}

/** The TLS part of a raw connection: OpenSSL between the socket's handle and the connection's reads and writes. */
export abstract class RawTls {
  readonly handle: TlsHandle;
  /** Might the next bytes be the peer's refusal instead of data? */
  awaitsFirstBytes = false;
  protected connection: TlsOwner | null = null;
  protected readonly wheel: DeadlineWheel;
  protected readonly deadline = new Deadline(this);
  readonly #host: RawHost;
  readonly #socket: SocketHandle;
  #confirmsEnd = false;

  protected constructor(
    host: RawHost,
    socket: SocketHandle,
    context: unknown,
    isServer: boolean,
    wheel: DeadlineWheel,
  ) {
    this.wheel = wheel;
    this.#host = host;
    this.#socket = socket;
    this.handle = host.binding.wrapTls(socket, context, isServer, false);
    this.handle._parent = socket;
    // Ask for a certificate, let OpenSSL refuse none: the verifier decides, after every handshake.
    this.handle.setVerifyMode(true, false);
    this.handle.onhandshakestart = noop;
    this.handle.onhandshakedone = onHandshakeDone;
    this.handle.onerror = onError;
  }

  attach(connection: TlsOwner): void {
    this.connection = connection;
  }

  /** Begins the handshake; the socket is connected. */
  start(): void {
    this.handle.readStart();
    this.handle.start();
  }

  destroy(): void {
    this.wheel.clear(this.deadline);
    this.handle.destroySSL();
    this.connection = null;
  }

  /** OpenSSL says that the peer ended. The FIN below decides whether it did. */
  confirmEnd(): void {
    if (this.#confirmsEnd) return;
    this.#confirmsEnd = true;
    // OpenSSL reads nothing more; from now on the socket tells us directly.
    this.#socket.onread = onSocketRead;
    this.#socket.useUserBuffer(this.#host.readBuffer);
    this.wheel.set(this.deadline, CONFIRM_END_MS);
  }

  onSocketRead(): void {
    const connection = this.connection;
    if (connection === null || connection.phase === "closed") return;
    const { state, readIndex } = this.#host.binding;
    const count = state[readIndex]!;
    if (count >= 0) return; // RFC 8446 §6.1: what follows close_notify is ignored
    this.wheel.clear(this.deadline);
    if (count === END_OF_STREAM) connection.onEndConfirmed();
    else connection.fail(failureOfStatus(count, "read"));
  }

  onDeadline(): void {
    if (this.#confirmsEnd) {
      this.connection?.fail({ kind: "reset", detail: "cut off: ended without close_notify" });
    } else {
      this.onLost({ kind: "timeout", detail: "handshake" });
    }
  }

  onError(error: Error): void {
    this.onLost(failureOfError(error, "tls"));
  }

  /** Compares the first bytes with what only the acceptor can have sent, and ends the connection if it refused us. */
  isRefusal(bytes: Buffer, count: number): boolean {
    this.awaitsFirstBytes = false;
    if (count !== REFUSAL_BYTES) return false;
    const expected = this.handle.exportKeyingMaterial(REFUSAL_BYTES, REFUSAL_LABEL);
    if (!timingSafeEqual(bytes.subarray(0, count), expected)) return false;
    const detail = "the peer did not accept our certificate";
    this.connection!.fail({ kind: "identity-mismatch", detail });
    return true;
  }

  abstract onHandshakeDone(): void;
  abstract onLost(failure: TransportFailure): void;

  protected channel(): string {
    return this.handle.exportKeyingMaterial(CHANNEL_BYTES, CHANNEL_LABEL).toString("hex");
  }
}

function noop(): void {}

function tlsOf(handle: TlsHandle): RawTls {
  return (handle.owner as TlsOwner).tls!;
}

function onHandshakeDone(this: TlsHandle): void {
  tlsOf(this).onHandshakeDone();
}

function onError(this: TlsHandle, error: Error): void {
  tlsOf(this).onError(error);
}

function onSocketRead(this: StreamHandle): void {
  (this.owner as TlsOwner).tls!.onSocketRead();
}
