import type { DeadlineWheel } from "../../base/deadline-wheel.ts";
import type { TlsSessions } from "../tls-sessions.ts";
import { alpnOffset, chainOf, parseAlpn, REFUSAL_BYTES, REFUSAL_LABEL } from "../tls-wire.ts";
import type {
  Accept,
  Peer,
  PeerVerifier,
  TlsCredentials,
  TlsListenOptions,
  TransportFailure,
} from "../transport.ts";
import { nativeContext, type SocketHandle, type TlsHandle } from "./binding.ts";
import type { RawHost } from "./host.ts";
import { RawTls, type TlsOwner } from "./tls.ts";

/** How long an acceptor waits for a refused dialler to hang up. */
const LINGER_MS = 1000;

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
    if (connection === null || connection.phase === "closed") return;
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
    if (connection === null || connection.phase === "closed") return;
    if (connection.peer === null && !this.#isRefusing) this.#options.onRefused?.(failure);
    connection.fail(connection.peer === null ? null : failure);
  }

  #refuse(connection: TlsOwner, failure: TransportFailure): void {
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

function onAlpn(this: TlsHandle, offered: Buffer): number | undefined {
  return ((this.owner as TlsOwner).tls as RawTlsServer).onAlpn(offered);
}
