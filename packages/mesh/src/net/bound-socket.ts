import type { ChildProcess } from "node:child_process";
import { type Address, tcp } from "../model/address.ts";
import { EINVAL, errorOfStatus } from "./errno.ts";
import { loadRawBinding, type RawBinding, type SocketName, type TcpHandle } from "./raw/binding.ts";
import type { BoundSocket } from "./transport.ts";

/**
 * A TCP socket that is bound and held, whether or not anybody listens on it: as long as one process holds it, a dial
 * to its port waits in the kernel's queue and is not refused, however often the process that accepts is replaced. It
 * refuses only before the first `listen`.
 *
 * Two ways to hand one on: at spawn as an inherited descriptor (`stdio: [0, 1, 2, socket.fd]`, then `adoptSocket(3)`),
 * which works for any program; and later over a Node child's IPC channel (`sendSocket`, `receiveSocket`).
 */
export class BoundTcpSocket implements BoundSocket {
  readonly kind = "bound";
  readonly handle: TcpHandle;
  readonly address: Extract<Address, { kind: "tcp" }>;

  constructor(handle: TcpHandle, address: Extract<Address, { kind: "tcp" }>) {
    this.handle = handle;
    this.address = address;
  }

  get port(): number {
    return this.address.port;
  }

  /** The descriptor, for the `stdio` of `spawn`. The socket stays open here. */
  get fd(): number {
    return this.handle.fd;
  }

  /** Lets go of this process's hold. A socket passed to `listen` is the listener's to close. */
  close(): void {
    this.handle.close();
  }
}

/**
 * Binds without listening. Linux lets two sockets that do not listen have one fixed port: then it is the second `listen`
 * that fails. A port found for 0 is nobody else's.
 * @param port 0 for a free one. @throws Error with `code` EADDRINUSE, EACCES, EADDRNOTAVAIL …
 */
export function bindSocket(host: string, port: number): BoundTcpSocket {
  const binding = needBinding();
  const handle = new binding.TCP(binding.kinds.SERVER);
  const status = host.includes(":") ? handle.bind6(host, port) : handle.bind(host, port);
  return describe(handle, status, `bind ${host}:${port}`);
}

/** Takes over an inherited descriptor. @throws Error with `code` EBADF, ENOTSOCK … */
export function adoptSocket(fd: number): BoundTcpSocket {
  const binding = needBinding();
  const handle = new binding.TCP(binding.kinds.SERVER);
  return describe(handle, handle.open(fd), `open descriptor ${fd}`);
}

/**
 * Sends `socket` with `message` to a Node process spawned with an `"ipc"` channel; the sender keeps its own hold.
 * Resolves once it is on its way.
 */
export function sendSocket(
  child: ChildProcess,
  message: Record<string, unknown>,
  socket: BoundTcpSocket,
): Promise<void> {
  return new Promise((resolve, reject) => {
    child.send(message, socket.handle as never, { keepOpen: true }, (error) =>
      error === null ? resolve() : reject(error),
    );
  });
}

/** The socket that came with an IPC message (second argument of `process.on("message")`), or null for anything else. */
export function receiveSocket(handle: unknown): BoundTcpSocket | null {
  const binding = needBinding();
  return handle instanceof binding.TCP ? describe(handle, 0, "receive a socket") : null;
}

/** The handle in `socket`, for the transport that listens on it. */
export function boundHandle(socket: BoundSocket, binding: RawBinding): TcpHandle {
  const { handle } = socket;
  if (typeof handle === "number") return adoptSocket(handle).handle;
  if (handle instanceof binding.TCP) return handle;
  throw new TypeError("a bound socket's handle must be a descriptor or one of bindSocket");
}

function describe(handle: TcpHandle, status: number, during: string): BoundTcpSocket {
  const name: SocketName = {};
  // libuv keeps EADDRINUSE for the call after bind.
  const outcome = status === 0 ? handle.getsockname(name) : status;
  if (outcome === 0 && name.address !== undefined && name.port !== undefined) {
    return new BoundTcpSocket(handle, tcp(name.address, name.port) as BoundTcpSocket["address"]);
  }
  handle.close();
  throw errorOfStatus(outcome === 0 ? EINVAL : outcome, during);
}

function needBinding(): RawBinding {
  const binding = loadRawBinding();
  if (binding === null) throw new Error("this runtime gives no access to socket handles");
  return binding;
}
