import type { Fields, ReplyHead, RequestHead } from "../../model/head.ts";
import type { BodyLength } from "../codec.ts";
import type { Gather } from "../gather.ts";
import {
  type BlockCodec,
  BlockFault,
  type ReceivedReply,
  type ReceivedRequest,
} from "./block-codec.ts";
import { HeadAppender } from "./head-appender.ts";
import type { HeadFault } from "./head-fault.ts";
import { HpackDecoder } from "./hpack/decoder.ts";
import { HpackEncoder } from "./hpack/encoder.ts";
import type { HpackField } from "./hpack/field.ts";
import { LiteralCache } from "./hpack/literal-cache.ts";
import type { Http2Limits } from "./limits.ts";
import { type Asked, readReplyHead } from "./read-reply.ts";
import { readRequestHead } from "./read-request.ts";
import { readTrailers } from "./read-trailers.ts";

/** What the connections of a workload share: one block is worked at a time. */
export class HpackShared {
  readonly limits: Http2Limits;
  readonly appender: HeadAppender;
  readonly fields: HpackField[] = [];
  readonly literals = new LiteralCache();

  constructor(limits: Http2Limits, via: string | null) {
    this.limits = limits;
    this.appender = new HeadAppender(via);
  }
}

/** Heads and trailers in HPACK (RFC 7541). */
export class HpackBlocks implements BlockCodec {
  readonly #shared: HpackShared;
  readonly #decoder: HpackDecoder;
  readonly #encoder = new HpackEncoder();

  constructor(shared: HpackShared) {
    this.#shared = shared;
    this.#decoder = new HpackDecoder(shared.limits, shared.literals);
  }

  readRequest(
    bytes: Buffer,
    start: number,
    end: number,
    isEnd: boolean,
  ): ReceivedRequest | BlockFault {
    const fault = this.skip(bytes, start, end);
    if (fault !== null) return fault;
    const { fields, limits } = this.#shared;
    const head = readRequestHead(fields, isEnd, limits);
    return "reason" in head ? refusal(head) : head;
  }

  readReply(
    bytes: Buffer,
    start: number,
    end: number,
    isEnd: boolean,
    asked: Asked,
  ): ReceivedReply | BlockFault {
    const fault = this.skip(bytes, start, end);
    if (fault !== null) return fault;
    const head = readReplyHead(this.#shared.fields, isEnd, asked);
    return "reason" in head ? refusal(head) : head;
  }

  readTrailers(bytes: Buffer, start: number, end: number): Fields | null | BlockFault {
    const fault = this.skip(bytes, start, end);
    if (fault !== null) return fault;
    const trailers = readTrailers(this.#shared.fields);
    return typeof trailers === "string"
      ? new BlockFault("malformed", "bad-request", trailers)
      : trailers;
  }

  skip(bytes: Buffer, start: number, end: number): BlockFault | null {
    const { fields } = this.#shared;
    fields.length = 0;
    const fault = this.#decoder.decode(bytes, start, end, fields);
    if (fault === null) return null;
    return fault.kind === "compression"
      ? new BlockFault("connection", "bad-request", fault.detail, fault.limit)
      : new BlockFault("refused", "head-too-large", fault.detail, fault.limit);
  }

  appendRequest(out: Gather, head: RequestHead, length: BodyLength): void {
    this.#shared.appender.request(this.#encoder, out, head, length);
  }

  appendReply(out: Gather, head: ReplyHead, length: number | null | "kept"): void {
    this.#shared.appender.reply(this.#encoder, out, head, length);
  }

  appendTrailers(out: Gather, trailers: Fields): void {
    this.#shared.appender.trailers(this.#encoder, out, trailers);
  }

  setPeerTableBytesMax(bytesMax: number): void {
    this.#encoder.setPeerTableBytesMax(bytesMax);
  }
}

function refusal({ reason, detail }: HeadFault): BlockFault {
  const isMalformed = reason === "bad-request" || reason === "bad-response";
  return new BlockFault(isMalformed ? "malformed" : "refused", reason, detail);
}
