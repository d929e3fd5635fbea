import { assert } from "../../base/assert.ts";
import type { Fields } from "../../model/head.ts";
import type { ConnectionWriter } from "../connection-writer.ts";
import { appendChunkSize, CHUNK_FRAME_BYTES_MAX } from "./chunked.ts";
import { appendTrailers, headBytesBound } from "./serialise.ts";

/** How a body is sent: `dropped` where the message has none by rule, whatever the other side sends. */
export type BodyMode = "length" | "chunked" | "raw" | "dropped";

const COPY_BYTES_MAX = 65_536;

/** Sends one body in the framing that its head announced. */
export class BodyWriter {
  readonly #writer: ConnectionWriter;
  readonly #mode: BodyMode;
  #remaining: number;

  /** @param length octets to come, in mode `length` */
  constructor(writer: ConnectionWriter, mode: BodyMode, length: number) {
    this.#writer = writer;
    this.#mode = mode;
    this.#remaining = length;
  }

  /** False when octets queued up. */
  send(bytes: Buffer, start: number, end: number): boolean {
    const writer = this.#writer;
    const count = end - start;
    if (count === 0 || this.#mode === "dropped") return !writer.isBlocked;
    if (this.#mode === "chunked") {
      if (count > COPY_BYTES_MAX) return this.#sendLargeChunk(bytes, start, end);
      const out = writer.open(count + CHUNK_FRAME_BYTES_MAX);
      appendChunkSize(out, count);
      out.append(bytes, start, end);
      out.appendText("\r\n");
      writer.settle();
      return !writer.isBlocked;
    }
    if (this.#mode === "length") {
      assert(count <= this.#remaining, "a body is not longer than its head said");
      this.#remaining -= count;
    }
    writer.send(bytes, start, end);
    return !writer.isBlocked;
  }

  /** What is larger than a read is not worth a copy. */
  #sendLargeChunk(bytes: Buffer, start: number, end: number): boolean {
    const writer = this.#writer;
    appendChunkSize(writer.open(CHUNK_FRAME_BYTES_MAX), end - start);
    writer.flush();
    writer.send(bytes, start, end);
    writer.open(2).appendText("\r\n");
    writer.settle();
    return !writer.isBlocked;
  }

  /** Ends the body; all of it is with the connection afterwards. */
  end(trailers: Fields | null): void {
    if (this.#mode === "chunked") {
      const out = this.#writer.open(8 + (trailers === null ? 0 : headBytesBound(trailers)));
      out.appendText("0\r\n");
      if (trailers !== null) appendTrailers(out, trailers);
      out.appendText("\r\n");
    }
    assert(this.#remaining === 0, "a body is as long as its head said");
    this.#writer.flush();
  }
}
