import { DeadlineWheel } from "../../base/deadline-wheel.ts";
import { type Address, formatAddress } from "../../model/address.ts";
import { boundHandle } from "../bound-socket.ts";
import { failureOfError, failureOfStatus } from "../errno.ts";
import { TlsSessions } from "../tls-sessions.ts";
import type {
  Accept,
  BoundSocket,
  Connection,
  ConnectionEvents,
  DialOptions,
  Listening,
  ListenOptions,
  TlsListenOptions,
  Transport,
  TransportOptions,
} from "../transport.ts";
import type { ConnectRequest, PipeHandle, RawBinding, SocketHandle, TcpHandle } from "./binding.ts";
import { RawConnection } from "./connection.ts";
import { RawHost } from "./host.ts";
import { RawTlsClient } from "./tls-client.ts";
import { RawTlsServer } from "./tls-server.ts";

/** Connections that the kernel keeps until they are accepted. */
const BACKLOG = 1024;

/**
 * TCP, unix sockets and TLS on Node's own handles, without its streams: a third less CPU for a chunk
 * relayed. Only `openTransport` makes one, once it has seen it work.
 */
export class RawTransport implements Transport {
  readonly #host: RawHost;
  readonly #binding: RawBinding;
  readonly #sessions = new TlsSessions();
  readonly #wheel: DeadlineWheel;
  readonly #handshakeTimeoutMs: number;

  constructor(binding: RawBinding, options: TransportOptions) {
    this.#binding = binding;
    this.#host = new RawHost(binding);
    this.#wheel = new DeadlineWheel(options.clock, 50);
    this.#handshakeTimeoutMs = options.handshakeTimeoutMs ?? 10_000;
  }

  dial(options: DialOptions, events: ConnectionEvents): Connection {
    const { address, tls } = options;
    const { Pipe, TCP, kinds } = this.#binding;
    if (tls !== null) this.#sessions.contextOf(tls.credentials); // throws before anything is open
    const isUnix = address.kind === "unix";
    const handle = isUnix ? new Pipe(kinds.SOCKET) : new TCP(kinds.SOCKET);
    let client: RawTlsClient | null = null;
    if (tls !== null) {
      const sessionKey = `${tls.serverName} ${formatAddress(address)}`;
      client = new RawTlsClient(this.#host, handle, tls, this.#sessions, sessionKey, this.#wheel);
    }
    const stream = client?.handle ?? handle;
    const connection = new RawConnection(this.#host, handle, stream, client, events, address);
    client?.attach(connection);
    this.#connect(handle, connection, address);
    return connection;
  }

  listen(options: ListenOptions, accept: Accept): Promise<Listening> {
    try {
      return Promise.resolve(this.#listen(options, accept));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #listen(options: ListenOptions, accept: Accept): Listening {
    const handle = this.#bind(options.at);
    const local = this.#host.nameOf(handle, "local");
    const address = local ?? (options.at as Address);
    const { tls } = options;
    handle.onconnection = (status, client) => {
      // A failed accept leaves nothing behind; libuv goes on with the next.
      if (status < 0 || client === undefined) return;
      if (address.kind === "tcp") (client as TcpHandle).setNoDelay(true);
      const remote = address.kind === "tcp" ? null : address;
      if (tls !== null) {
        this.#acceptTls(client, tls, remote, accept);
        return;
      }
      const connection = new RawConnection(this.#host, client, client, null, null, remote);
      connection.onAccepted(null, accept);
    };
    const status = handle.listen(BACKLOG);
    if (status !== 0) {
      handle.close();
      throw listenError(status, options.at);
    }
    let closing: Promise<void> | null = null;
    return {
      address,
      close: () => {
        closing ??= new Promise((resolve) => handle.close(() => resolve()));
        return closing;
      },
    };
  }

  #acceptTls(
    socket: SocketHandle,
    options: TlsListenOptions,
    remote: Address | null,
    accept: Accept,
  ): void {
    const credentials = options.credentials();
    try {
      this.#sessions.contextOf(credentials);
    } catch (error) {
      // Credentials that OpenSSL does not take: this listener refuses, the others serve on.
      options.onRefused?.(failureOfError(error, "credentials"));
      socket.close();
      return;
    }
    const server = new RawTlsServer(
      this.#host,
      socket,
      options,
      credentials,
      this.#sessions,
      accept,
      this.#wheel,
    );
    const connection = new RawConnection(this.#host, socket, server.handle, server, null, remote);
    server.attach(connection);
    server.begin(this.#handshakeTimeoutMs);
  }

  #bind(at: Address | BoundSocket): SocketHandle {
    const { Pipe, TCP, kinds } = this.#binding;
    switch (at.kind) {
      case "bound":
        return boundHandle(at, this.#binding);
      case "unix": {
        const pipe = new Pipe(kinds.SERVER);
        return this.#bound(pipe, pipe.bind(at.path), at);
      }
      case "tcp": {
        const socket = new TCP(kinds.SERVER);
        const status = at.host.includes(":")
          ? socket.bind6(at.host, at.port)
          : socket.bind(at.host, at.port);
        return this.#bound(socket, status, at);
      }
      case "vip":
        throw new Error(`cannot listen at ${formatAddress(at)}: not an address of this machine`);
    }
  }

  #bound<Handle extends SocketHandle>(handle: Handle, status: number, at: Address): Handle {
    if (status === 0) return handle;
    handle.close();
    throw listenError(status, at);
  }

  #connect(handle: SocketHandle, connection: RawConnection, address: Address): void {
    const { PipeConnect, TcpConnect } = this.#binding;
    const isUnix = address.kind === "unix";
    const request: ConnectRequest = isUnix ? new PipeConnect() : new TcpConnect();
    request.handle = connection;
    request.oncomplete = onConnect;
    switch (address.kind) {
      case "unix":
        (handle as PipeHandle).connect(request, address.path);
        break;
      case "tcp": {
        const socket = handle as TcpHandle;
        socket.setNoDelay(true);
        const status = address.host.includes(":")
          ? socket.connect6(request, address.host, address.port)
          : socket.connect(request, address.host, address.port);
        if (status < 0) process.nextTick(failConnect, connection, status);
        break;
      }
      case "vip":
        process.nextTick(failVip, connection);
    }
  }
}

function onConnect(this: ConnectRequest, status: number): void {
  (this.handle as RawConnection).onConnect(status);
}

function failConnect(connection: RawConnection, status: number): void {
  connection.onConnect(status);
}

function failVip(connection: RawConnection): void {
  connection.fail({ kind: "unreachable", detail: "a virtual address is not for dialling" });
}

function listenError(status: number, at: Address | BoundSocket): Error {
  const where = at.kind === "bound" ? "a bound socket" : formatAddress(at);
  const { detail } = failureOfStatus(status, "listen");
  return Object.assign(new Error(`cannot listen at ${where}: ${detail}`), {
    code: detail.split(": ")[1],
  });
}
