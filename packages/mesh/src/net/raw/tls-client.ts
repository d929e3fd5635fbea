import type { DeadlineWheel } from "../../base/deadline-wheel.ts";
import type { TlsSessions } from "../tls-sessions.ts";
import { chainOf, formatAlpn } from "../tls-wire.ts";
import type { TlsDialOptions, TransportFailure } from "../transport.ts";
import { nativeContext, type SocketHandle, type TlsHandle } from "./binding.ts";
import type { RawHost } from "./host.ts";
import { RawTls, type TlsOwner } from "./tls.ts";

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
    if (connection === null || connection.phase === "closed") return;
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
    this.#chainDer = []; // the peer sends several tickets; one is enough
  }
}

function onNewSession(this: TlsHandle, _id: Buffer, ticket: Buffer): void {
  ((this.owner as TlsOwner).tls as RawTlsClient).onNewSession(ticket);
}
