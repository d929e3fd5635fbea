import { type Address, tcp } from "../../model/address.ts";
import { Copies } from "../copies.ts";
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

/** Slow readers come one by one: a few spares do. */
const copiesOptions = { bufferBytes: BUFFER_BYTES, sparesMax: 8, borrowMin: 4096 };

/** What all connections of one transport share: the read buffer, the scratch buffer and the way to call Node. */
export class RawHost {
  readonly binding: RawBinding;
  /** Everything received is here until the callback returns. */
  readonly readBuffer: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  /** Small writes that leave together. */
  readonly outbox = new Outbox(this);
  /** Of what slow readers have left or have yet to take; scratch buffers come from there, too. */
  readonly copies = new Copies(copiesOptions);
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
    if (scratch === this.#scratch) this.#scratch = this.copies.take();
  }

  /** A request is done with `bytes`, which may or may not have been a scratch buffer. */
  takeBack(bytes: Buffer): void {
    const isScratch = bytes.length === BUFFER_BYTES && bytes.buffer.byteLength === BUFFER_BYTES;
    if (isScratch) this.copies.put(bytes);
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
