import { type Address, tcp } from "../../model/address.ts";
import { END_OF_STREAM, failureOfStatus } from "../errno.ts";
import type {
  Connection,
  ConnectionEvents,
  Peer,
  TransportFailure,
  WriteStatus,
} from "../transport.ts";
import type {
  ShutdownRequest,
  SocketHandle,
  StreamHandle,
  TcpHandle,
  WriteRequest,
} from "./binding.ts";
import type { RawHost } from "./host.ts";
import type { RawTls } from "./tls.ts";

/** One TLS write takes no more: OpenSSL's output then fits into one `writev` of Node. */
const TLS_WRITE_MAX = 65_536;

/** What a TLS connection gathers while its last write is being confirmed, before it says `queued`. */
const GATHER_MAX = 65_536;

type Phase = "opening" | "open" | "closed";

/**
 * A connection on Node's own handles: no stream, no emitter, no closure. All its callbacks are functions of this file,
 * which find it through the handle's `owner`.
 *
 * ```
 *  plain   write → copy into the host's scratch buffer → try to write ─ all taken → done
 *                                                        └ not all → the scratch buffer is given away with the request
 *  TLS     write → OpenSSL copies while encrypting → the handle below tries to write; Node confirms a moment later
 *  either  while a request is under way further bytes are copied to `queue`
 * ```
 */
export class RawConnection implements Connection {
  readonly handle: SocketHandle;
  readonly tls: RawTls | null;
  readonly #host: RawHost;
  readonly #stream: StreamHandle;
  #events: ConnectionEvents | null;
  #phase: Phase = "opening";
  #peer: Peer | null = null;
  #local: Address | null = null;
  #remote: Address | null;
  #failure: TransportFailure | null = null;
  /** A write request is under way. */
  #isWriting = false;
  /** Of that request, what the kernel did not take at once. */
  #writingBytes = 0;
  #queue: Buffer[] | null = null;
  #queueBytes = 0;
  #owesDrain = false;
  #wantsEnd = false;
  #hasShutDown = false;
  #sentEnd = false;
  #receivedEnd = false;
  #isPaused = false;
  /** Decrypted bytes that came while paused: Node's TLS goes on with what it has read. */
  #held: Buffer[] | null = null;
  #heldEnd = false;
  #awaitsFin = false;

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
    this.#stream = stream;
    this.tls = tls;
    this.#events = events;
    this.#remote = remote;
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
    return this.#writingBytes + this.#queueBytes;
  }

  get isClosed(): boolean {
    return this.#phase === "closed";
  }

  write(bytes: Buffer, start: number, end: number): WriteStatus {
    if (this.#phase !== "open" || this.#wantsEnd || this.#isWriting || end <= start) {
      return this.#writeLater(bytes, start, end);
    }
    const length = end - start;
    if (this.tls !== null) {
      if (length > TLS_WRITE_MAX) return this.#enqueue(Buffer.from(bytes.subarray(start, end)));
      return this.#send(bytes.subarray(start, end), null);
    }
    const scratch = this.#host.scratch;
    if (length > scratch.length) {
      return this.#send(Buffer.from(bytes.subarray(start, end)), null);
    }
    bytes.copy(scratch, 0, start, end);
    return this.#send(scratch.subarray(0, length), scratch);
  }

  writeOwned(bytes: Buffer): WriteStatus {
    if (this.#phase === "closed" || this.#wantsEnd || bytes.length === 0) return this.#status();
    const mustQueue = this.#phase !== "open" || this.#isWriting;
    if (mustQueue || (this.tls !== null && bytes.length > TLS_WRITE_MAX)) {
      return this.#enqueue(bytes);
    }
    return this.#send(bytes, null);
  }

  end(): void {
    if (this.#phase === "closed" || this.#wantsEnd) return;
    this.#wantsEnd = true;
    if (this.#phase === "open" && !this.#isWriting && this.#queue === null) this.#shutDown();
  }

  reset(): void {
    this.#close(null, true);
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    if (this.#phase === "open" && !this.#awaitsFin) this.#stream.readStop();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#phase !== "open" || this.#awaitsFin) return;
    if (this.#held !== null || this.#heldEnd) process.nextTick(deliverHeld, this);
    else this.#stream.readStart();
  }

  /** Ends the connection for a cause of the world's making; nothing more is sent. */
  fail(failure: TransportFailure | null): void {
    this.#close(failure, true);
  }

  /** The kernel connected, or not. With TLS the handshake comes next. */
  onConnect(status: number): void {
    if (this.#phase === "closed") return;
    if (status < 0) {
      this.#close(failureOfStatus(status, "connect"), false);
    } else if (this.tls === null) {
      this.onReady(null);
    } else {
      this.tls.start();
    }
  }

  /** Connected and, with TLS, verified: events may flow. */
  onReady(peer: Peer | null): void {
    this.#peer = peer;
    this.#phase = "open";
    this.#events!.onOpen();
    this.#begin();
  }

  /** The listening side's `onReady`: the acceptor decides who gets the events. */
  onAccepted(peer: Peer | null, accept: (connection: Connection) => ConnectionEvents | null): void {
    this.#peer = peer;
    this.#phase = "open";
    this.#events = accept(this);
    if (this.#events === null) this.reset();
    else this.#begin();
  }

  onRead(): void {
    if (this.#phase === "closed") return;
    const { state, readIndex } = this.#host.binding;
    const count = state[readIndex]!;
    if (this.#phase === "opening") {
      if (count < 0) this.tls!.onLost(failureOfStatus(count, "handshake"));
    } else if (count > 0) {
      if (this.tls?.awaitsFirstBytes && this.tls.isRefusal(this.#host.readBuffer, count)) return;
      if (this.#isPaused || this.#held !== null) this.#hold(count);
      else this.#events!.onBytes(this.#host.readBuffer, 0, count);
    } else if (count === END_OF_STREAM) {
      // Paused, the socket is not read: such an end came with the bytes before it, as close_notify.
      if (this.#isPaused || this.#held !== null) this.#heldEnd = true;
      else if (this.tls === null) this.#deliverEnd();
      else this.#confirmEnd();
    } else if (count < 0) {
      this.#close(failureOfStatus(count, "read"), false);
    }
  }

  /** TLS only: the FIN came after the `close_notify`. */
  onEndConfirmed(): void {
    this.#awaitsFin = false;
    if (this.#isPaused) this.#heldEnd = true;
    else this.#deliverEnd();
  }

  onWritten(status: number, lent: unknown): void {
    if (lent !== null) this.#host.takeBack(lent as Buffer);
    this.#isWriting = false;
    this.#writingBytes = 0;
    if (this.#phase === "closed") return;
    if (status < 0) {
      this.#close(failureOfStatus(status, "write"), false);
      return;
    }
    while (this.#queue !== null && !this.#isWriting && this.#phase === "open") this.#flush();
    if (this.#isWriting || this.#phase !== "open") return;
    if (this.#owesDrain) {
      this.#owesDrain = false;
      this.#events!.onDrain();
    }
    if (this.#wantsEnd && !this.#isWriting && this.#phase === "open") this.#shutDown();
  }

  onShutdown(status: number): void {
    if (this.#phase === "closed") return;
    if (status < 0) {
      this.#close(failureOfStatus(status, "shutdown"), false);
      return;
    }
    this.#sentEnd = true;
    if (this.#receivedEnd) this.#close(null, false);
  }

  onHandleClosed(): void {
    this.tls?.destroy();
    const events = this.#events;
    this.#events = null;
    this.#queue = null;
    this.#held = null;
    this.#queueBytes = 0;
    this.#writingBytes = 0;
    events?.onClose(this.#failure);
  }

  onHeldDue(): void {
    while (this.#held !== null && !this.#isPaused && this.#phase === "open") {
      const bytes = this.#held.shift()!;
      if (this.#held.length === 0) this.#held = null;
      this.#events!.onBytes(bytes, 0, bytes.length);
    }
    if (this.#held !== null || this.#isPaused || this.#phase !== "open") return;
    if (this.#heldEnd) {
      this.#heldEnd = false;
      this.#deliverEnd();
    } else {
      this.#stream.readStart();
    }
  }

  #begin(): void {
    if (this.#phase !== "open") return;
    if (this.#queue !== null && !this.#isWriting) this.onWritten(0, null);
    else if (this.#wantsEnd && !this.#isWriting) this.#shutDown();
    if (this.#phase !== "open") return;
    // The handshake has been reading; a plain connection starts here.
    if (this.#isPaused) this.#stream.readStop();
    else this.#stream.readStart();
  }

  #confirmEnd(): void {
    if (this.#receivedEnd) return;
    this.#awaitsFin = true;
    this.tls!.confirmEnd();
  }

  #deliverEnd(): void {
    if (this.#receivedEnd) return;
    this.#receivedEnd = true;
    this.#events!.onEnd();
    if (this.#sentEnd) this.#close(null, false);
  }

  #hold(count: number): void {
    this.#held ??= [];
    this.#held.push(Buffer.from(this.#host.readBuffer.subarray(0, count)));
  }

  #status(): WriteStatus {
    return this.#owesDrain ? "queued" : "done";
  }

  #writeLater(bytes: Buffer, start: number, end: number): WriteStatus {
    if (this.#phase === "closed" || this.#wantsEnd || end <= start) return this.#status();
    return this.#enqueue(Buffer.from(bytes.subarray(start, end)));
  }

  #enqueue(bytes: Buffer): WriteStatus {
    this.#queue ??= [];
    this.#queue.push(bytes);
    this.#queueBytes += bytes.length;
    if (this.#phase === "open" && !this.#isWriting) this.onWritten(0, null);
    else if (
      this.tls === null ||
      this.#phase === "opening" ||
      this.#writingBytes > 0 ||
      this.#queueBytes > GATHER_MAX
    ) {
      this.#owesDrain = true;
    }
    if (this.#queueBytes > 0 && this.#queueBytes > GATHER_MAX) this.#owesDrain = true;
    return this.#status();
  }

  /** One write of what queued up. */
  #flush(): void {
    const queue = this.#queue!;
    let bytes = queue.length === 1 ? queue[0]! : Buffer.concat(queue, this.#queueBytes);
    this.#queue = null;
    this.#queueBytes = 0;
    if (this.tls !== null && bytes.length > TLS_WRITE_MAX) {
      this.#queue = [bytes.subarray(TLS_WRITE_MAX)];
      this.#queueBytes = bytes.length - TLS_WRITE_MAX;
      bytes = bytes.subarray(0, TLS_WRITE_MAX);
    }
    this.#send(bytes, null);
  }

  /** @param lent the host's scratch buffer where `bytes` are in it, else null. */
  #send(bytes: Buffer, lent: Buffer | null): WriteStatus {
    const request = this.#host.write(this.#stream, bytes);
    if (request === 0) return "done";
    if (typeof request === "number") {
      this.#close(failureOfStatus(request, "write"), false);
      return "done";
    }
    const completed = request.writeStatus;
    if (typeof completed === "number") {
      if (completed < 0) this.#close(failureOfStatus(completed, "write"), false);
      return "done";
    }
    request.handle = this;
    request.oncomplete = onWritten;
    this.#isWriting = true;
    // OpenSSL has its own copy; whatever is still queued below is ciphertext.
    this.#writingBytes = Math.min(this.handle.writeQueueSize, bytes.length);
    if (this.tls !== null) {
      request.buffer = null;
      if (this.#writingBytes > 0) this.#owesDrain = true;
      return this.#status();
    }
    if (lent === null) {
      request.buffer = bytes;
    } else {
      request.buffer = lent;
      this.#host.giveAway(lent);
    }
    this.#owesDrain = true;
    return "queued";
  }

  #shutDown(): void {
    if (this.#hasShutDown) return;
    this.#hasShutDown = true;
    const request = new this.#host.binding.Shutdown();
    request.handle = this;
    request.oncomplete = onShutdown;
    const status = this.#stream.shutdown(request);
    if (status === 1)
      this.onShutdown(0); // done at once: 1 is libuv's word for it here
    else if (status < 0) this.#close(failureOfStatus(status, "shutdown"), false);
  }

  /** `onClose` follows from the event loop, never from within this call. */
  #close(failure: TransportFailure | null, abruptly: boolean): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#failure = failure;
    const handle = this.handle;
    // A handle whose `reset` failed can never be closed (Node thinks that it is closing): so no reset of a
    // socket that does not exist yet, or whose FIN is on its way with all that was written.
    const isShutting = this.#hasShutDown && !this.#sentEnd;
    const canReset = "reset" in handle && handle.fd >= 0 && !isShutting;
    if (abruptly && canReset) (handle as TcpHandle).reset(onHandleClosed);
    else handle.close(onHandleClosed);
  }
}

function onRead(this: StreamHandle): void {
  (this.owner as RawConnection).onRead();
}

function onWritten(this: WriteRequest, status: number): void {
  const lent = this.buffer;
  this.buffer = null;
  (this.handle as RawConnection).onWritten(status, lent);
}

function onShutdown(this: ShutdownRequest, status: number): void {
  (this.handle as RawConnection).onShutdown(status);
}

function onHandleClosed(this: SocketHandle): void {
  (this.owner as RawConnection).onHandleClosed();
}

function deliverHeld(connection: RawConnection): void {
  connection.onHeldDue();
}
