import { timingSafeEqual } from "node:crypto";
import { createServer, type Server, Socket } from "node:net";
import { connect as connectTls, type SecureContext, TLSSocket } from "node:tls";
import { Deadline, DeadlineWheel } from "../../base/deadline-wheel.ts";
import { type Address, formatAddress, tcp } from "../../model/address.ts";
import { failureOfError } from "../errno.ts";
import { TlsSessions } from "../tls-sessions.ts";
import {
  CHANNEL_BYTES,
  CHANNEL_LABEL,
  chainOf,
  REFUSAL_BYTES,
  REFUSAL_LABEL,
} from "../tls-wire.ts";
import type {
  Accept,
  Connection,
  ConnectionEvents,
  DialOptions,
  Listening,
  ListenOptions,
  TlsDialOptions,
  TlsListenOptions,
  Transport,
  TransportFailure,
  TransportOptions,
} from "../transport.ts";
import { SocketConnection } from "./connection.ts";

/** Connections that the kernel keeps until they are accepted. */
const BACKLOG = 1024;

/** How long an acceptor waits for a refused dialler to hang up. */
const LINGER_MS = 1000;

/**
 * The fallback where Node's raw handles are not to be had: the same claims on documented interfaces, but for one. A TLS
 * connection cut off without `close_notify` looks like one that ended, since `TLSSocket` does not tell.
 */
export class SocketTransport implements Transport {
  readonly #sessions = new TlsSessions();
  readonly #wheel: DeadlineWheel;
  readonly #handshakeTimeoutMs: number;

  constructor(options: TransportOptions) {
    this.#wheel = new DeadlineWheel(options.clock, 50);
    this.#handshakeTimeoutMs = options.handshakeTimeoutMs ?? 10_000;
  }

  dial(options: DialOptions, events: ConnectionEvents): Connection {
    const { address, tls } = options;
    if (tls !== null) this.#sessions.contextOf(tls.credentials); // throws before anything is open
    const socket = new Socket({ allowHalfOpen: true });
    const connection = new SocketConnection(socket, tls !== null, events, address);
    if (tls === null) socket.once("connect", () => connection.onReady(socket, null));
    else this.#secure(socket, connection, tls, `${tls.serverName} ${formatAddress(address)}`);
    switch (address.kind) {
      case "tcp":
        socket.setNoDelay(true); // kept until it is connected
        socket.connect({ host: address.host, port: address.port });
        break;
      case "unix":
        socket.connect({ path: address.path });
        break;
      case "vip":
        process.nextTick(() => {
          const detail = "a virtual address is not for dialling";
          connection.fail({ kind: "unreachable", detail });
        });
    }
    return connection;
  }

  listen(options: ListenOptions, accept: Accept): Promise<Listening> {
    const { at, tls } = options;
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    server.on("connection", (socket) => {
      const remote: Address | null = at.kind === "unix" ? at : null;
      const connection = new SocketConnection(socket, tls !== null, null, remote);
      if (tls === null) connection.onAccepted(socket, null, accept);
      else this.#accept(socket, connection, tls, accept);
    });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(listenTarget(options), () => {
        server.removeListener("error", reject);
        server.on("error", () => {}); // a failed accept leaves nothing behind
        resolve({ address: addressOf(server, at as Address), close: () => close(server) });
      });
    });
  }

  #secure(
    socket: Socket,
    connection: SocketConnection,
    options: TlsDialOptions,
    sessionKey: string,
  ): void {
    const { alpn, credentials, serverName } = options;
    const session = this.#sessions.find(credentials, sessionKey);
    const stream = connectTls({
      socket,
      secureContext: this.#sessions.contextOf(credentials),
      servername: serverName,
      ALPNProtocols: [...alpn],
      rejectUnauthorized: false, // the verifier decides, after every handshake
      ...(session === null ? {} : { session: session.ticket }),
    });
    let chainDer = session?.chainDer ?? [];
    stream.on("error", (error) => connection.onError(error));
    stream.on("session", (ticket: Buffer) => {
      if (chainDer.length > 0) this.#sessions.keep(credentials, sessionKey, { ticket, chainDer });
    });
    stream.once("close", () => socket.destroy());
    socket.once("end", () => {
      if (connection.peer === null) connection.fail({ kind: "reset", detail: "handshake: EOF" });
    });
    stream.once("secureConnect", () => {
      if (connection.isClosed) return;
      const resumed = stream.isSessionReused();
      if (!resumed) chainDer = chainOf(stream.getPeerCertificate(true));
      if (!stream.alpnProtocol) {
        connection.fail({ kind: "misdirected", detail: "the peer chose no protocol" });
        return;
      }
      const verdict = options.verify(chainDer);
      if (!verdict.ok) {
        this.#sessions.forget(credentials, sessionKey);
        connection.fail({ kind: "identity-mismatch", detail: verdict.detail });
        return;
      }
      connection.expectRefusal((bytes) => isRefusal(stream, bytes));
      const peer = { serverName, alpn: stream.alpnProtocol, resumed, channel: channelOf(stream) };
      connection.onReady(stream, { id: verdict.id, ...peer });
    });
  }

  #accept(
    socket: Socket,
    connection: SocketConnection,
    options: TlsListenOptions,
    accept: Accept,
  ): void {
    let secureContext: SecureContext;
    try {
      secureContext = this.#sessions.contextOf(options.credentials());
    } catch (error) {
      options.onRefused?.(failureOfError(error, "credentials"));
      socket.destroy();
      return;
    }
    const stream = new TLSSocket(socket, {
      isServer: true,
      secureContext,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNCallback: ({ servername, protocols }) =>
        options.selectAlpn(servername || "", protocols) ?? undefined,
    });
    let isSettled = false;
    const refuse = (failure: TransportFailure) => {
      if (!isSettled) options.onRefused?.(failure);
      isSettled = true;
    };
    const deadline = new Deadline({
      onDeadline: () => {
        refuse({ kind: "timeout", detail: "handshake" });
        connection.reset();
      },
    });
    this.#wheel.set(deadline, this.#handshakeTimeoutMs);
    const onFailed = (error: unknown) => refuse(failureOfError(error, "handshake"));
    stream.on("error", onFailed);
    stream.on("_tlsError", onFailed); // where Node tells of a server's failed handshake
    stream.once("close", () => {
      this.#wheel.clear(deadline);
      refuse({ kind: "reset", detail: "handshake: the peer hung up" });
      socket.destroy();
    });
    stream.once("secure", () => {
      if (connection.isClosed) return;
      const verdict = options.verify(chainOf(stream.getPeerCertificate(true)));
      if (!stream.alpnProtocol) {
        refuse({ kind: "misdirected", detail: "the peer offered no protocol" });
        connection.reset();
      } else if (verdict.ok) {
        isSettled = true;
        this.#wheel.clear(deadline);
        connection.onAccepted(
          stream,
          {
            id: verdict.id,
            serverName: servernameOf(stream),
            alpn: stream.alpnProtocol,
            resumed: stream.isSessionReused(),
            channel: channelOf(stream),
          },
          accept,
        );
      } else {
        refuse({ kind: "identity-mismatch", detail: verdict.detail });
        this.#wheel.set(deadline, LINGER_MS);
        stream.end(stream.exportKeyingMaterial(REFUSAL_BYTES, REFUSAL_LABEL, Buffer.alloc(0)));
        stream.on("end", () => connection.reset());
        stream.resume();
      }
    });
  }
}

function channelOf(stream: TLSSocket): string {
  return stream.exportKeyingMaterial(CHANNEL_BYTES, CHANNEL_LABEL, Buffer.alloc(0)).toString("hex");
}

function isRefusal(stream: TLSSocket, bytes: Buffer): boolean {
  if (bytes.length !== REFUSAL_BYTES) return false;
  const expected = stream.exportKeyingMaterial(REFUSAL_BYTES, REFUSAL_LABEL, Buffer.alloc(0));
  return timingSafeEqual(bytes, expected);
}

function servernameOf(stream: TLSSocket): string {
  const { servername } = stream as TLSSocket & { readonly servername?: string | false };
  return servername || "";
}

function listenTarget({ at }: ListenOptions): object {
  switch (at.kind) {
    case "bound":
      return typeof at.handle === "number"
        ? { fd: at.handle, backlog: BACKLOG }
        : (at.handle as object);
    case "unix":
      return { path: at.path, backlog: BACKLOG };
    case "tcp":
      return { host: at.host, port: at.port, backlog: BACKLOG };
    case "vip":
      throw new TypeError(`cannot listen at ${formatAddress(at)}: not an address of this machine`);
  }
}

function addressOf(server: Server, asked: Address): Address {
  const name = server.address();
  return typeof name === "object" && name !== null ? tcp(name.address, name.port) : asked;
}

/** Stops listening at once; does not wait, as `server.close` would, for connections to end. */
async function close(server: Server): Promise<void> {
  server.close();
}
