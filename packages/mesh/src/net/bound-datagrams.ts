import { EINVAL, errorOfStatus } from "./errno.ts";
import { readBindings } from "./raw/binding.ts";

/** A UDP socket that is bound and that nobody reads: what arrives waits in the kernel, over the death of a reader too. */
export interface BoundDatagrams {
  readonly port: number;
  /** Node's own handle: what `child_process` passes along with a message. */
  readonly handle: { readonly fd: number; close(): void };
  /** Lets go of this process's hold. */
  close(): void;
}

interface UdpHandle {
  readonly fd: number;
  bind(host: string, port: number, flags: number): number;
  bind6(host: string, port: number, flags: number): number;
  getsockname(out: { address?: string; port?: number }): number;
  close(): void;
}

/**
 * Binds without receiving. @param port 0 for a free one.
 * @throws Error with `code` EADDRINUSE, EACCES, EADDRNOTAVAIL …
 */
export function bindDatagrams(host: string, port: number): BoundDatagrams {
  const handle = new (needUdp())();
  const status = host.includes(":") ? handle.bind6(host, port, 0) : handle.bind(host, port, 0);
  return describe(handle, status, `bind ${host}:${port}`);
}

/** The socket that came with an IPC message, or null for anything else. */
export function receiveDatagrams(handle: unknown): BoundDatagrams | null {
  const Udp = loadUdp();
  if (Udp === null || !(handle instanceof Udp)) return null;
  return describe(handle, 0, "receive a socket");
}

function describe(handle: UdpHandle, status: number, during: string): BoundDatagrams {
  const name: { address?: string; port?: number } = {};
  const outcome = status === 0 ? handle.getsockname(name) : status;
  if (outcome === 0 && name.port !== undefined) {
    return { port: name.port, handle, close: () => handle.close() };
  }
  handle.close();
  throw errorOfStatus(outcome === 0 ? EINVAL : outcome, during);
}

function needUdp(): new () => UdpHandle {
  const Udp = loadUdp();
  if (Udp === null) throw new Error("this runtime gives no access to socket handles");
  return Udp;
}

function loadUdp(): (new () => UdpHandle) | null {
  return readBindings((binding) => (binding("udp_wrap")["UDP"] as new () => UdpHandle) ?? null);
}
