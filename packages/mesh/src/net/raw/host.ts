import { type Address, tcp } from "../../model/address.ts";
import type {
  RawBinding,
  SocketHandle,
  SocketName,
  StreamHandle,
  TcpHandle,
  WriteRequest,
} from "./binding.ts";
import { Outbox } from "./outbox.ts";

/** As much as libuv reads at once. */
const BUFFER_BYTES = 65_536;

/** Scratch buffers that came back from slow readers and are kept for the next one. */
const SPARES_MAX = 8;

/** Copies smaller than this are cut from Node's own pool; larger ones each cost memory that only a full GC gives back. */
const BORROW_MIN = 4096;

/** What all connections of one transport share: the read buffer, the scratch buffer and the way to call Node. */
export class RawHost {
  readonly binding: RawBinding;
  /** Everything received is here until the callback returns. */
  readonly readBuffer: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  /** Small writes that leave together. */
  readonly outbox = new Outbox(this);
  readonly #spares: Buffer[] = [];
  /** What `copy` has made and `release` has not seen. */
  readonly #lent = new WeakSet<ArrayBufferLike>();
  readonly #makesRequests: boolean;
  #scratch: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);

  constructor(binding: RawBinding) {
    this.binding = binding;
    this.#makesRequests = binding.writeErrorIndex >= 0;
  }

  /** Where bytes are copied to before they are written; free again once the kernel took them at once. */
  get scratch(): Buffer {
    return this.#scratch;
  }

  /** A slow reader's request keeps the scratch buffer until it is done; writes go on in another one. */
  giveAway(scratch: Buffer): void {
    if (scratch === this.#scratch) {
      this.#scratch = this.#spares.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
    }
  }

  /** A request is done with `bytes`, which may or may not have been a scratch buffer. */
  takeBack(bytes: Buffer): void {
    const isScratch = bytes.length === BUFFER_BYTES && bytes.buffer.byteLength === BUFFER_BYTES;
    if (isScratch && this.#spares.length < SPARES_MAX) this.#spares.push(bytes);
  }

  /**
   * A copy of `bytes[start, end)`, in a spare buffer where it pays: 64 KB made for each piece of a stream are 64 MB
   * before V8 looks for what has died of them. To be returned with `release`.
   */
  copy(bytes: Buffer, start: number, end: number): Buffer {
    const length = end - start;
    if (length < BORROW_MIN || length > BUFFER_BYTES) {
      return Buffer.from(bytes.subarray(start, end));
    }
    const spare = this.#spares.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.#lent.add(spare.buffer);
    bytes.copy(spare, 0, start, end);
    return spare.subarray(0, length);
  }

  /** Nobody needs `copied`, which may or may not have come from `copy`, any more. */
  release(copied: Buffer): void {
    const { buffer } = copied;
    // Node's own pool has the same size, and slices of it belong to all kinds of people.
    if (!this.#lent.delete(buffer) || this.#spares.length >= SPARES_MAX) return;
    this.#spares.push(Buffer.from(buffer, 0, BUFFER_BYTES));
  }

  /** 0: all is with the kernel. Below 0: why not. A request: it is under way and needs `bytes` until it is done. */
  write(stream: StreamHandle, bytes: Buffer): number | WriteRequest {
    const { state, asyncIndex, writeErrorIndex, Write } = this.binding;
    if (this.#makesRequests) {
      const outcome = stream.writeBuffer(null, bytes);
      if (typeof outcome === "number") return outcome;
      const error = state[writeErrorIndex]!;
      return error === 0 ? outcome : error;
    }
    const request = new Write();
    const status = stream.writeBuffer(request, bytes) as number;
    if (status !== 0) return status;
    return state[asyncIndex] === 0 ? 0 : request;
  }

  /** The address of one end, or null where there is none (a unix socket, a closed one). */
  nameOf(handle: SocketHandle, end: "local" | "remote"): Address | null {
    if (!("getsockname" in handle)) return null;
    const name: SocketName = {};
    const socket = handle as TcpHandle;
    const status = end === "local" ? socket.getsockname(name) : socket.getpeername(name);
    if (status !== 0 || name.address === undefined || name.port === undefined) return null;
    return tcp(name.address, name.port);
  }
}
