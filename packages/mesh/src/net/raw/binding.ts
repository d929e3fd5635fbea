import type { SecureContext } from "node:tls";

/**
 * Node's own stream handles, which `net.Socket` is built on. They have no documented interface (DEP0111), so this file
 * says what heddle relies on, and `open-transport.ts` tries it out before any proxy uses it.
 */
export interface StreamHandle {
  /** The connection that the callbacks below are for. */
  owner: unknown;
  /** Called with `this` = the handle; the outcome is in `RawBinding.state`. */
  onread: (this: StreamHandle) => void;
  readonly writeQueueSize: number;
  readStart(): number;
  readStop(): number;
  /** From now on bytes arrive in `buffer`, which the caller keeps alive. */
  useUserBuffer(buffer: Uint8Array): void;
  /**
   * Tries to write at once. Since Node 26: with null, a status when all is done, else the request that is under way.
   * Before: a status; whether the given request is under way is in `state`.
   */
  writeBuffer(request: WriteRequest | null, bytes: Uint8Array): number | WriteRequest;
  shutdown(request: ShutdownRequest): number;
}

export interface SocketHandle extends StreamHandle {
  readonly fd: number;
  onconnection: (this: SocketHandle, status: number, client: SocketHandle | undefined) => void;
  open(fd: number): number;
  listen(backlog: number): number;
  close(done?: (this: SocketHandle) => void): void;
  ref(): void;
  unref(): void;
}

export interface TcpHandle extends SocketHandle {
  bind(host: string, port: number, flags?: number): number;
  bind6(host: string, port: number, flags?: number): number;
  connect(request: ConnectRequest, host: string, port: number): number;
  connect6(request: ConnectRequest, host: string, port: number): number;
  getsockname(out: SocketName): number;
  getpeername(out: SocketName): number;
  setNoDelay(on: boolean): number;
  /** Closes with RST. Not while a shutdown is under way. */
  reset(done: (this: SocketHandle) => void): number;
}

export interface PipeHandle extends SocketHandle {
  bind(path: string): number;
  connect(request: ConnectRequest, path: string): number;
}

export interface SocketName {
  address?: string;
  port?: number;
}

export interface TlsHandle extends StreamHandle {
  ALPNCallback: (this: TlsHandle, offered: Buffer) => number | undefined;
  onhandshakestart: (this: TlsHandle) => void;
  onhandshakedone: (this: TlsHandle) => void;
  onerror: (this: TlsHandle, error: Error) => void;
  onnewsession: (this: TlsHandle, id: Buffer, session: Buffer) => void;
  /** Keeps the handle below alive. */
  _parent: SocketHandle;
  start(): void;
  destroySSL(): void;
  setVerifyMode(requestCertificate: boolean, refuseUnauthorized: boolean): void;
  setALPNProtocols(wire: Buffer): void;
  enableALPNCb(): void;
  enableSessionCallbacks(): void;
  setServername(name: string): void;
  getServername(): string | false | undefined;
  setSession(session: Buffer): void;
  isSessionReused(): boolean;
  getALPNNegotiatedProtocol(): string | false;
  getPeerCertificate(detailed: true): PeerCertificate | undefined;
  exportKeyingMaterial(length: number, label: string, context?: Buffer): Buffer;
}

export interface PeerCertificate {
  readonly raw: Uint8Array;
  readonly issuerCertificate?: PeerCertificate;
}

export interface WriteRequest {
  oncomplete: ((this: WriteRequest, status: number) => void) | null;
  /** Free for the owner; heddle keeps the connection here. */
  handle: unknown;
  /** What is being written stays alive by it. */
  buffer: unknown;
  /** Set when the request completed before `oncomplete` could be. */
  writeStatus?: number | null;
}

export interface ShutdownRequest {
  oncomplete: (this: ShutdownRequest, status: number) => void;
  handle: unknown;
}

export interface ConnectRequest {
  oncomplete: (this: ConnectRequest, status: number) => void;
  handle: unknown;
}

export interface RawBinding {
  readonly TCP: new (kind: number) => TcpHandle;
  readonly TcpConnect: new () => ConnectRequest;
  readonly Pipe: new (kind: number) => PipeHandle;
  readonly PipeConnect: new () => ConnectRequest;
  readonly Shutdown: new () => ShutdownRequest;
  readonly Write: new () => WriteRequest;
  readonly wrapTls: (
    handle: SocketHandle,
    context: unknown,
    isServer: boolean,
    hasActiveWrite: boolean,
  ) => TlsHandle;
  /** `TCP` and `Pipe` take one of these: a socket to connect, or one to listen. */
  readonly kinds: { readonly SOCKET: number; readonly SERVER: number };
  /** Outcome of the last read or write: see the indexes. */
  readonly state: Int32Array;
  readonly readIndex: number;
  readonly asyncIndex: number;
  /** Where the error of a write that made its own request is, or -1 where requests are given (before Node 26). */
  readonly writeErrorIndex: number;
}

/** OpenSSL's context inside Node's. */
export function nativeContext(context: SecureContext): unknown {
  return context.context;
}

/** The handles of this Node, or null where they are not to be had. */
export function loadRawBinding(): RawBinding | null {
  return readBindings((binding) => {
    const tcp = binding("tcp_wrap");
    const pipe = binding("pipe_wrap");
    const stream = binding("stream_wrap");
    const tls = binding("tls_wrap");
    const raw = {
      TCP: tcp["TCP"],
      TcpConnect: tcp["TCPConnectWrap"],
      Pipe: pipe["Pipe"],
      PipeConnect: pipe["PipeConnectWrap"],
      Shutdown: stream["ShutdownWrap"],
      Write: stream["WriteWrap"],
      wrapTls: tls["wrap"],
      kinds: tcp["constants"],
      state: stream["streamBaseState"],
      readIndex: stream["kReadBytesOrError"],
      asyncIndex: stream["kLastWriteWasAsync"],
      writeErrorIndex: stream["kLastWriteErr"] ?? -1,
    };
    return Object.values(raw).includes(undefined) ? null : (raw as unknown as RawBinding);
  });
}

/** What `read` finds in Node's own bindings, or null where there are none. Prints no warning. */
export function readBindings<T>(
  read: (binding: (name: string) => Record<string, unknown>) => T | null,
): T | null {
  const { noDeprecation } = process;
  process.noDeprecation = true; // DEP0111 is printed under --pending-deprecation
  try {
    const { binding } = process as unknown as { binding(name: string): Record<string, unknown> };
    return read(binding);
  } catch {
    return null; // not in this runtime, or forbidden by its permission model
  } finally {
    if (noDeprecation === undefined) delete process.noDeprecation;
    else process.noDeprecation = noDeprecation;
  }
}
