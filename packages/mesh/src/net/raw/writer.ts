import { failureOfStatus } from "../errno.ts";
import type { TransportFailure, WriteStatus } from "../transport.ts";
import type { ShutdownRequest, SocketHandle, StreamHandle, WriteRequest } from "./binding.ts";
import type { RawHost } from "./host.ts";
import { POSTED_BYTES_MAX, type PostedWriter } from "./outbox.ts";

/** One TLS write takes no more: OpenSSL's output then fits into one `writev` of Node. */
const TLS_WRITE_MAX = 65_536;

/** What a TLS connection gathers while its last write is being confirmed, before it says `queued`. */
const GATHER_MAX = 65_536;

/** With TLS, small pieces are put together for one write up to this. */
const CONCAT_MAX = 16_384;

/** The connection that a writer writes for. */
export interface WriterOwner {
  readonly phase: "opening" | "open" | "closed";
  /** The queue is empty again after a `queued`. */
  onDrained(): void;
  /** Our FIN is with the kernel. */
  onEndSent(): void;
  onBroken(failure: TransportFailure): void;
}

/**
 * The sending half of a connection.
 *
 * ```
 *  plain   write → copy into the host's scratch buffer → try to write ─ all taken → done
 *                                                        └ not all → the scratch buffer is given away with the request
 *  TLS     write → OpenSSL copies while encrypting → the handle below tries to write; Node confirms a moment later
 *  either  while a request is under way further bytes are copied to `queue`
 * ```
 */
export class RawWriter implements PostedWriter {
  readonly #owner: WriterOwner;
  readonly #host: RawHost;
  readonly #handle: SocketHandle;
  readonly #stream: StreamHandle;
  readonly #hasTls: boolean;
  /** Accepted so far, sent or not. */
  sentBytes = 0;
  /** A write request is under way. */
  #isWriting = false;
  /** Of that request, what the kernel did not take at once. */
  #writingBytes = 0;
  /** In the host's outbox. */
  #postedBytes = 0;
  #queue: Buffer[] | null = null;
  #queueBytes = 0;
  #owesDrain = false;
  #wantsEnd = false;
  #hasShutDown = false;
  #sentEnd = false;

  /** @param stream what is written to: `handle` itself, or TLS on it. */
  constructor(owner: WriterOwner, host: RawHost, handle: SocketHandle, stream: StreamHandle) {
    this.#owner = owner;
    this.#host = host;
    this.#handle = handle;
    this.#stream = stream;
    this.#hasTls = stream !== handle;
  }

  get queuedBytes(): number {
    return this.#writingBytes + this.#postedBytes + this.#queueBytes;
  }

  /** Our FIN is on its way. */
  get isShuttingDown(): boolean {
    return this.#hasShutDown && !this.#sentEnd;
  }

  get sentEnd(): boolean {
    return this.#sentEnd;
  }

  write(bytes: Buffer, start: number, end: number): WriteStatus {
    if (this.#owner.phase === "closed" || this.#wantsEnd || end <= start) return this.#status();
    const length = end - start;
    this.sentBytes += length;
    if (this.#mustQueue()) {
      this.flushPosted(); // a full outbox may have begun a request, with bytes of ours posted behind it
      return this.#writeLater(bytes, start, end);
    }
    if (length <= POSTED_BYTES_MAX) {
      this.#host.outbox.post(this, bytes, start, end);
      this.#postedBytes += length;
      return this.#status();
    }
    this.#host.outbox.flush(); // what is ours comes first, and all of it lies in the scratch buffer
    if (this.#mustQueue()) return this.#writeLater(bytes, start, end);
    if (this.#hasTls) {
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

  sendPosted(bytes: Buffer): void {
    this.#postedBytes -= bytes.length;
    if (this.#owner.phase !== "open") return;
    if (this.#isWriting) this.#writeLater(bytes, 0, bytes.length);
    else this.#send(bytes, this.#hasTls ? null : this.#host.scratch);
  }

  /** What lies in the outbox goes first. */
  flushPosted(): void {
    if (this.#postedBytes > 0) this.#host.outbox.flush();
  }

  writeOwned(bytes: Buffer): WriteStatus {
    if (this.#owner.phase === "closed" || this.#wantsEnd || bytes.length === 0) {
      return this.#status();
    }
    this.sentBytes += bytes.length;
    this.flushPosted();
    const isTooLong = this.#hasTls && bytes.length > TLS_WRITE_MAX;
    if (this.#mustQueue() || isTooLong) return this.#enqueue(bytes);
    return this.#send(bytes, null);
  }

  end(): void {
    const { phase } = this.#owner;
    if (phase === "closed" || this.#wantsEnd) return;
    this.flushPosted();
    this.#wantsEnd = true;
    if (phase === "open" && !this.#isWriting && this.#queue === null) this.#shutDown();
  }

  /** The connection has opened: what was written before goes out. */
  begin(): void {
    if (this.#isWriting) return;
    if (this.#queue !== null) this.onWritten(0, null);
    else if (this.#wantsEnd) this.#shutDown();
  }

  /** @param lent what the request kept alive */
  onWritten(status: number, lent: unknown): void {
    if (lent !== null) this.#host.takeBack(lent as Buffer);
    this.#isWriting = false;
    this.#writingBytes = 0;
    const owner = this.#owner;
    if (owner.phase === "closed") return;
    if (status < 0) {
      owner.onBroken(failureOfStatus(status, "write"));
      return;
    }
    while (this.#queue !== null && !this.#isWriting && owner.phase === "open") this.#flush();
    if (this.#isWriting || owner.phase !== "open") return;
    if (this.#owesDrain) {
      this.#owesDrain = false;
      owner.onDrained();
    }
    if (this.#wantsEnd && !this.#isWriting && owner.phase === "open") this.#shutDown();
  }

  onShutdown(status: number): void {
    if (this.#owner.phase === "closed") return;
    if (status < 0) {
      this.#owner.onBroken(failureOfStatus(status, "shutdown"));
      return;
    }
    this.#sentEnd = true;
    this.#owner.onEndSent();
  }

  /** The handle is closed. */
  clear(): void {
    this.#queue = null;
    this.#queueBytes = 0;
    this.#writingBytes = 0;
  }

  #mustQueue(): boolean {
    return this.#owner.phase !== "open" || this.#isWriting;
  }

  #status(): WriteStatus {
    return this.#owesDrain ? "queued" : "done";
  }

  #writeLater(bytes: Buffer, start: number, end: number): WriteStatus {
    if (this.#owner.phase === "closed") return this.#status(); // by what was sent just now
    // OpenSSL copies what it encrypts, so that with TLS a queue's buffers are free as soon as they were written.
    const copy = this.#hasTls
      ? this.#host.copies.copy(bytes, start, end)
      : Buffer.from(bytes.subarray(start, end));
    return this.#enqueue(copy);
  }

  #enqueue(bytes: Buffer): WriteStatus {
    this.#queue ??= [];
    this.#queue.push(bytes);
    this.#queueBytes += bytes.length;
    const isOpen = this.#owner.phase === "open";
    if (isOpen && !this.#isWriting) this.onWritten(0, null);
    else if (!this.#hasTls || !isOpen || this.#writingBytes > 0) this.#owesDrain = true;
    if (this.#queueBytes > GATHER_MAX) this.#owesDrain = true;
    return this.#status();
  }

  /** One write of what queued up. */
  #flush(): void {
    const queue = this.#queue!;
    if (this.#hasTls && (queue.length === 1 || this.#queueBytes > CONCAT_MAX)) {
      this.#flushFirst(queue);
      return;
    }
    let bytes = queue.length === 1 ? queue[0]! : Buffer.concat(queue, this.#queueBytes);
    this.#queue = null;
    this.#queueBytes = 0;
    if (this.#hasTls && bytes.length > TLS_WRITE_MAX) {
      this.#queue = [bytes.subarray(TLS_WRITE_MAX)];
      this.#queueBytes = bytes.length - TLS_WRITE_MAX;
      bytes = bytes.subarray(0, TLS_WRITE_MAX);
    }
    this.#send(bytes, null);
  }

  /** Of a long queue one piece at a time, without another copy. */
  #flushFirst(queue: Buffer[]): void {
    const first = queue[0]!;
    const count = Math.min(first.length, TLS_WRITE_MAX);
    this.#queueBytes -= count;
    if (count < first.length) queue[0] = first.subarray(count);
    else queue.shift();
    if (queue.length === 0) this.#queue = null;
    this.#send(first.subarray(0, count), null);
    if (count === first.length) this.#host.copies.release(first);
  }

  /** @param lent the host's scratch buffer where `bytes` are in it, else null. */
  #send(bytes: Buffer, lent: Buffer | null): WriteStatus {
    const request = this.#host.write(this.#stream, bytes);
    if (request === 0) return "done";
    if (typeof request === "number") return this.#broken(request);
    const completed = request.writeStatus;
    if (typeof completed === "number") return completed < 0 ? this.#broken(completed) : "done";
    // OpenSSL has its own copy; whatever is still queued below is ciphertext.
    this.#writingBytes = Math.min(this.#handle.writeQueueSize, bytes.length);
    if (this.#hasTls) {
      if (this.#writingBytes > 0) this.#owesDrain = true;
      this.#await(request, null);
      return this.#status();
    }
    this.#await(request, lent ?? bytes);
    if (lent !== null) this.#host.giveAway(lent);
    this.#owesDrain = true;
    return "queued";
  }

  /** @param buffer what it needs until it is done */
  #await(request: WriteRequest, buffer: Buffer | null): void {
    request.handle = this;
    request.oncomplete = onWritten;
    request.buffer = buffer;
    this.#isWriting = true;
  }

  #broken(status: number): WriteStatus {
    this.#owner.onBroken(failureOfStatus(status, "write"));
    return "done";
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
    else if (status < 0) this.#owner.onBroken(failureOfStatus(status, "shutdown"));
  }
}

function onWritten(this: WriteRequest, status: number): void {
  const lent = this.buffer;
  this.buffer = null;
  (this.handle as RawWriter).onWritten(status, lent);
}

function onShutdown(this: ShutdownRequest, status: number): void {
  (this.handle as RawWriter).onShutdown(status);
}
