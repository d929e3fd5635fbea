import type { BodyLength } from "../codec.ts";
import { ChunkedDecoder } from "./chunked.ts";
import { HeadReader } from "./head-reader.ts";
import type { Http1Limits } from "./limits.ts";
import type { Fault } from "./scan.ts";

/** A head, and what follows it. `interim`: no body, and another head of the same message. */
export interface FramedHead<Head> {
  readonly head: Head;
  readonly length: BodyLength | "interim";
}

/** Gets the messages of one direction of a connection, in order. */
export interface MessageSink<Head> {
  /** Frames the head that `reader` has just read, or says why it cannot be one here. */
  frame(reader: HeadReader): FramedHead<Head> | Fault;
  onHead(head: Head): void;
  /** Valid until it returns. */
  onBody(bytes: Buffer, start: number, end: number): void;
  onEnd(): void;
  /** Where messages begin and end is not known any more: nothing follows. */
  onLost(detail: string): void;
}

/**
 * Finds the messages in the octets of one direction of an HTTP/1 connection that somebody else sends or receives. It only
 * looks on: it answers nothing and holds nothing back.
 */
export class MessageReader<Head> {
  readonly #limits: Http1Limits;
  readonly #sink: MessageSink<Head>;
  readonly #reader: HeadReader;
  #phase: "head" | "body" | "lost" = "head";
  #length: BodyLength = 0;
  #remaining = 0;
  #decoder: ChunkedDecoder | null = null;

  constructor(kind: "request" | "reply", limits: Http1Limits, sink: MessageSink<Head>) {
    this.#limits = limits;
    this.#sink = sink;
    this.#reader = new HeadReader(kind, limits, null);
  }

  read(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end && this.#phase !== "lost") {
      at = this.#phase === "head" ? this.#readHead(bytes, at, end) : this.#readBody(bytes, at, end);
    }
  }

  /** The sender has finished: the end of a body without a length. */
  end(): void {
    if (this.#phase === "body" && this.#length === "until-close") this.#finish();
    this.#phase = "lost";
  }

  /** Nothing that comes is looked at any more. */
  stop(): void {
    this.#phase = "lost";
  }

  #readHead(bytes: Buffer, start: number, end: number): number {
    const next = this.#reader.read(bytes, start, end);
    if (next < 0) {
      if (this.#reader.fault !== null) this.#lose(this.#reader.fault.detail);
      return end;
    }
    const framed = this.#sink.frame(this.#reader);
    if (!("head" in framed)) {
      this.#lose(framed.detail);
      return end;
    }
    if (framed.length === "interim") return next;
    this.#phase = "body";
    this.#length = framed.length;
    this.#remaining = typeof framed.length === "number" ? framed.length : 0;
    this.#decoder = framed.length === "chunked" ? new ChunkedDecoder(this.#limits) : null;
    this.#sink.onHead(framed.head);
    if (framed.length === 0 && this.#phase === "body") this.#finish();
    return next;
  }

  #readBody(bytes: Buffer, start: number, end: number): number {
    const decoder = this.#decoder;
    if (decoder !== null) return this.#readChunks(decoder, bytes, start, end);
    const count =
      this.#length === "until-close" ? end - start : Math.min(this.#remaining, end - start);
    this.#sink.onBody(bytes, start, start + count);
    if (this.#length === "until-close") return end;
    this.#remaining -= count;
    if (this.#remaining === 0) this.#finish();
    return start + count;
  }

  #readChunks(decoder: ChunkedDecoder, bytes: Buffer, start: number, end: number): number {
    decoder.at = start;
    switch (decoder.next(bytes, end)) {
      case "more":
        return end;
      case "data":
        this.#sink.onBody(bytes, decoder.dataStart, decoder.dataEnd);
        return decoder.at;
      case "end":
        this.#finish();
        return decoder.at;
      case "fault":
        this.#lose(decoder.detail);
        return end;
    }
  }

  #finish(): void {
    this.#phase = "head";
    this.#decoder = null;
    this.#sink.onEnd();
  }

  #lose(detail: string): void {
    this.#phase = "lost";
    this.#sink.onLost(detail);
  }
}
