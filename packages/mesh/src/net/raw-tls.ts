import { timingSafeEqual } from "node:crypto";
import { Deadline, type DeadlineWheel } from "../base/deadline-wheel.ts";
import { END_OF_STREAM, failureOfError, failureOfStatus } from "./errno.ts";
import {
  nativeContext,
  type SocketHandle,
  type StreamHandle,
  type TlsHandle,
} from "./raw-binding.ts";
import type { RawConnection } from "./raw-connection.ts";
import type { RawHost } from "./raw-host.ts";
import type { TlsSessions } from "./tls-sessions.ts";
import {
  alpnOffset,
  CHANNEL_BYTES,
  CHANNEL_LABEL,
  chainOf,
  formatAlpn,
  parseAlpn,
  REFUSAL_BYTES,
  REFUSAL_LABEL,
} from "./tls-wire.ts";
import type {
  Accept,
  Peer,
  PeerVerifier,
  TlsCredentials,
  TlsDialOptions,
  TlsListenOptions,
  TransportFailure,
} from "./transport.ts";

/** How long an acceptor waits for a refused dialler to hang up. */
const LINGER_MS = 1000;

/**
 * How long an end may stand without the FIN that follows every `close_notify` of ours. Node shows a connection cut off
 * without a `close_notify` (a killed peer, or somebody between) as the same end; what tells them apart is that a FIN
 * still comes after the first. RFC 8446 §6.1: the other is a truncation.
 */
const CONFIRM_END_MS = 50;

/** The TLS part of a raw connection: OpenSSL between the socket's handle and the connection's reads and writes. */
export abstract class RawTls {
  readonly handle: TlsHandle;
  /** Might the next bytes be the peer's refusal instead of data? */
  awaitsFirstBytes = false;
  protected connection: RawConnection | null = null;
  protected readonly wheel: DeadlineWheel;
  protected readonly deadline = new Deadline(this);
  readonly #host: RawHost;
  readonly #socket: SocketHandle;
  #confirmsEnd = false;

  protected constructor(
    host: RawHost,
    socket: SocketHandle,
    context: ReturnType<typeof nativeContext>,
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

  attach(connection: RawConnection): void {
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
    if (connection === null || connection.isClosed) return;
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

/** The dialling side: resumes where it can, keeps what the peer gives it for the next time. */
export class RawTlsClient extends RawTls {
  readonly #options: TlsDialOptions;
  readonly #sessions: TlsSessions;
  readonly #sessionKey: string;
  #chainDer: readonly Uint8Array[] = [];

  constructor(
    host: RawHost,
    socket: SocketHandle,
    options: TlsDialOptions,
    sessions: TlsSessions,
    sessionKey: string,
    wheel: DeadlineWheel,
  ) {
    super(host, socket, nativeContext(sessions.contextOf(options.credentials)), false, wheel);
    this.#options = options;
    this.#sessions = sessions;
    this.#sessionKey = sessionKey;
    this.handle.setALPNProtocols(formatAlpn(options.alpn));
    this.handle.setServername(options.serverName);
    this.handle.onnewsession = onNewSession;
    this.handle.enableSessionCallbacks();
    const session = sessions.find(options.credentials, sessionKey);
    if (session !== null) {
      this.#chainDer = session.chainDer;
      this.handle.setSession(session.ticket);
    }
  }

  override onHandshakeDone(): void {
    const connection = this.connection;
    if (connection === null || connection.isClosed) return;
    const resumed = this.handle.isSessionReused();
    if (!resumed) this.#chainDer = chainOf(this.handle.getPeerCertificate(true));
    const alpn = this.handle.getALPNNegotiatedProtocol();
    if (alpn === false) {
      connection.fail({ kind: "misdirected", detail: "the peer chose no protocol" });
      return;
    }
    const verdict = this.#options.verify(this.#chainDer);
    if (!verdict.ok) {
      this.#sessions.forget(this.#options.credentials, this.#sessionKey);
      connection.fail({ kind: "identity-mismatch", detail: verdict.detail });
      return;
    }
    this.awaitsFirstBytes = true;
    const { serverName } = this.#options;
    connection.onReady({ id: verdict.id, serverName, alpn, resumed, channel: this.channel() });
  }

  override onLost(failure: TransportFailure): void {
    this.#sessions.forget(this.#options.credentials, this.#sessionKey);
    this.connection?.fail(failure);
  }

  onNewSession(ticket: Buffer): void {
    if (this.#chainDer.length === 0) return;
    const session = { ticket: Buffer.from(ticket), chainDer: this.#chainDer };
    this.#sessions.keep(this.#options.credentials, this.#sessionKey, session);
  }
}

/** The accepting side: chooses the protocol by name, verifies, and bounds the time that both may take. */
export class RawTlsServer extends RawTls {
  readonly #options: TlsListenOptions;
  readonly #verify: PeerVerifier;
  readonly #accept: Accept;
  #isRefusing = false;

  constructor(
    host: RawHost,
    socket: SocketHandle,
    options: TlsListenOptions,
    credentials: TlsCredentials,
    sessions: TlsSessions,
    accept: Accept,
    wheel: DeadlineWheel,
  ) {
    super(host, socket, nativeContext(sessions.contextOf(credentials)), true, wheel);
    this.#options = options;
    this.#verify = options.verify;
    this.#accept = accept;
    this.handle.ALPNCallback = onAlpn;
    this.handle.enableALPNCb();
  }

  begin(handshakeTimeoutMs: number): void {
    this.wheel.set(this.deadline, handshakeTimeoutMs);
    this.handle.readStart();
  }

  /** Offset of the chosen protocol in what was offered; undefined makes OpenSSL send `no_application_protocol`. */
  onAlpn(wire: Buffer): number | undefined {
    const offered = parseAlpn(wire);
    if (offered === null) return undefined;
    const chosen = this.#options.selectAlpn(this.handle.getServername() || "", offered);
    return chosen === null ? undefined : alpnOffset(offered, chosen);
  }

  override onHandshakeDone(): void {
    const connection = this.connection;
    if (connection === null || connection.isClosed) return;
    const alpn = this.handle.getALPNNegotiatedProtocol();
    if (alpn === false) {
      this.onLost({ kind: "misdirected", detail: "the peer offered no protocol" });
      return;
    }
    const verdict = this.#verify(chainOf(this.handle.getPeerCertificate(true)));
    if (!verdict.ok) {
      this.#refuse(connection, { kind: "identity-mismatch", detail: verdict.detail });
      return;
    }
    this.wheel.clear(this.deadline);
    const peer: Peer = {
      id: verdict.id,
      serverName: this.handle.getServername() || "",
      alpn,
      resumed: this.handle.isSessionReused(),
      channel: this.channel(),
    };
    connection.onAccepted(peer, this.#accept);
  }

  override onLost(failure: TransportFailure): void {
    const connection = this.connection;
    if (connection === null || connection.isClosed) return;
    if (connection.peer === null && !this.#isRefusing) this.#options.onRefused?.(failure);
    connection.fail(connection.peer === null ? null : failure);
  }

  #refuse(connection: RawConnection, failure: TransportFailure): void {
    this.#options.onRefused?.(failure);
    this.#isRefusing = true;
    const token = this.handle.exportKeyingMaterial(REFUSAL_BYTES, REFUSAL_LABEL);
    // What the dialler has sent already is thrown away, so that no RST overtakes the refusal.
    connection.onAccepted(null, refusedEvents);
    connection.writeOwned(token);
    connection.end();
    this.wheel.set(this.deadline, LINGER_MS);
  }
}

const refusedEvents: Accept = (connection) => ({
  onOpen() {},
  onBytes() {},
  onEnd() {
    connection.reset();
  },
  onDrain() {},
  onClose() {},
});

function noop(): void {}

function tlsOf(handle: TlsHandle): RawTls {
  return (handle.owner as RawConnection).tls!;
}

function onHandshakeDone(this: TlsHandle): void {
  tlsOf(this).onHandshakeDone();
}

function onError(this: TlsHandle, error: Error): void {
  tlsOf(this).onError(error);
}

function onAlpn(this: TlsHandle, offered: Buffer): number | undefined {
  return (tlsOf(this) as RawTlsServer).onAlpn(offered);
}

function onNewSession(this: TlsHandle, _id: Buffer, ticket: Buffer): void {
  (tlsOf(this) as RawTlsClient).onNewSession(ticket);
}

function onSocketRead(this: StreamHandle): void {
  (this.owner as RawConnection).tls!.onSocketRead();
}
