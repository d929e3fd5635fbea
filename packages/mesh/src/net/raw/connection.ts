import { type Address, tcp } from "../../model/address.ts";
import { failureOfStatus } from "../errno.ts";
import type {
  Accept,
  Connection,
  ConnectionEvents,
  Peer,
  TransportFailure,
  WriteStatus,
} from "../transport.ts";
import type { SocketHandle, StreamHandle, TcpHandle } from "./binding.ts";
import type { RawHost } from "./host.ts";
import { RawReader, type ReaderOwner } from "./reader.ts";
import type { RawTls, TlsOwner } from "./tls.ts";
import { RawWriter, type WriterOwner } from "./writer.ts";

/**
 * A connection on Node's own handles: no stream, no emitter, no closure. Its life is here; its two directions are the
 * reader and the writer. Callbacks are plain functions, which find it through the handle's `owner`.
 */
export class RawConnection implements Connection, TlsOwner, ReaderOwner, WriterOwner {
  readonly handle: SocketHandle;
  readonly tls: RawTls | null;
  readonly reader: RawReader;
  readonly #writer: RawWriter;
  readonly #host: RawHost;
  events: ConnectionEvents | null;
  phase: "opening" | "open" | "closed" = "opening";
  #peer: Peer | null = null;
  #local: Address | null = null;
  #remote: Address | null;
  #failure: TransportFailure | null = null;

  /** @param stream what is read and written: `handle` itself, or TLS on it. */
  constructor(
    host: RawHost,
    handle: SocketHandle,
    stream: StreamHandle,
    tls: RawTls | null,
    events: ConnectionEvents | null,
    remote: Address | null,
  ) {
    this.#host = host;
    this.handle = handle;
    this.tls = tls;
    this.events = events;
    this.#remote = remote;
    this.reader = new RawReader(this, host, stream, tls);
    this.#writer = new RawWriter(this, host, handle, stream);
    handle.owner = this;
    stream.owner = this;
    stream.onread = onRead;
    stream.useUserBuffer(host.readBuffer);
  }

  get local(): Address {
    this.#local ??= this.#host.nameOf(this.handle, "local");
    return this.#local ?? tcp("0.0.0.0", 0);
  }

  get remote(): Address {
    this.#remote ??= this.#host.nameOf(this.handle, "remote");
    return this.#remote ?? tcp("0.0.0.0", 0);
  }

  get peer(): Peer | null {
    return this.#peer;
  }

  get queuedBytes(): number {
    return this.#writer.queuedBytes;
  }

  get receivedBytes(): number {
    return this.reader.receivedBytes;
  }

  get sentBytes(): number {
    return this.#writer.sentBytes;
  }

  write(bytes: Buffer, start: number, end: number): WriteStatus {
    return this.#writer.write(bytes, start, end);
  }

  writeOwned(bytes: Buffer): WriteStatus {
    return this.#writer.writeOwned(bytes);
  }

  end(): void {
    this.#writer.end();
  }

  reset(): void {
    this.#close(null, true);
  }

  pause(): void {
    this.reader.pause();
  }

  resume(): void {
    this.reader.resume();
  }

  handTo(events: ConnectionEvents): void {
    if (this.events !== null) this.events = events;
  }

  /** Ends the connection for a cause of the world's making; nothing more is sent. */
  fail(failure: TransportFailure | null): void {
    this.#close(failure, true);
  }

  /** The kernel connected, or not. With TLS the handshake comes next. */
  onConnect(status: number): void {
    if (this.phase === "closed") return;
    if (status < 0) {
      this.#close(failureOfStatus(status, "connect"), false);
    } else if (this.tls === null) {
      this.onReady(null);
    } else {
      this.tls.start();
    }
  }

  onReady(peer: Peer | null): void {
    this.#peer = peer;
    this.phase = "open";
    this.events!.onOpen();
    this.#begin();
  }

  onAccepted(peer: Peer | null, accept: Accept): void {
    this.#peer = peer;
    this.phase = "open";
    this.events = accept(this);
    if (this.events === null) this.reset();
    else this.#begin();
  }

  onEndConfirmed(): void {
    this.reader.onEndConfirmed();
  }

  onEndReceived(): void {
    if (this.#writer.sentEnd) this.#close(null, false);
  }

  onEndSent(): void {
    if (this.reader.receivedEnd) this.#close(null, false);
  }

  onDrained(): void {
    this.events!.onDrain();
  }

  onBroken(failure: TransportFailure): void {
    this.#close(failure, false);
  }

  onHandleClosed(): void {
    this.tls?.destroy();
    const { events } = this;
    this.events = null;
    this.reader.clear();
    this.#writer.clear();
    events?.onClose(this.#failure);
  }

  #begin(): void {
    if (this.#isOpen()) this.#writer.begin();
    if (this.#isOpen()) this.reader.begin();
  }

  /** A method, so that the compiler does not take for granted what a callback may have changed. */
  #isOpen(): boolean {
    return this.phase === "open";
  }

  /** `onClose` follows from the event loop, never from within this call. */
  #close(failure: TransportFailure | null, abruptly: boolean): void {
    if (this.phase !== "closed") this.#writer.flushPosted(); // may end here, in another call of this
    if (this.phase === "closed") return;
    this.phase = "closed";
    this.#failure = failure;
    const handle = this.handle;
    // A handle whose `reset` failed can never be closed (Node thinks that it is closing): so no reset of a
    // socket that does not exist yet, or whose FIN is on its way with all that was written.
    const canReset = "reset" in handle && handle.fd >= 0 && !this.#writer.isShuttingDown;
    if (abruptly && canReset) (handle as TcpHandle).reset(onHandleClosed);
    else handle.close(onHandleClosed);
  }
}

function onRead(this: StreamHandle): void {
  (this.owner as RawConnection).reader.onRead();
}

function onHandleClosed(this: SocketHandle): void {
  (this.owner as RawConnection).onHandleClosed();
}
