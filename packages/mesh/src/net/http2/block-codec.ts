import type { Fields, ReplyHead, RequestHead } from "../../model/head.ts";
import type { Reason } from "../../model/reason.ts";
import type { BodyLength } from "../codec.ts";
import type { Gather } from "../gather.ts";
import type { LimitName } from "../limit.ts";
import type { Asked } from "./read-reply.ts";

/**
 * How heads and trailers become the payload of HEADERS and CONTINUATION, and back: HPACK, or octets in another spelling on a
 * carrier of our own. One per connection: every block that comes is given to it, in order, and every block that it made is
 * sent.
 */
export interface BlockCodec {
  /** @param isEnd does the stream end with it? */
  readRequest(
    bytes: Buffer,
    start: number,
    end: number,
    isEnd: boolean,
  ): ReceivedRequest | BlockFault;
  /** @param asked what the request says about its reply */
  readReply(
    bytes: Buffer,
    start: number,
    end: number,
    isEnd: boolean,
    asked: Asked,
  ): ReceivedReply | BlockFault;
  readTrailers(bytes: Buffer, start: number, end: number): Fields | null | BlockFault;
  /** Of a message that nobody wants: for the sake of the tables alone. */
  skip(bytes: Buffer, start: number, end: number): BlockFault | null;
  appendRequest(out: Gather, head: RequestHead, length: BodyLength): void;
  /** @param length what the head is to say of its body; null nothing, `kept` what it came with */
  appendReply(out: Gather, head: ReplyHead, length: number | null | "kept"): void;
  appendTrailers(out: Gather, trailers: Fields): void;
  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  setPeerTableBytesMax(bytesMax: number): void;
}

/** A request's head, and how long its body is as the head says. */
export type ReceivedRequest = RequestHead & { readonly length: BodyLength };

/** A reply's head, and how long its body is as head and request say. */
export type ReceivedReply = ReplyHead & { readonly length: BodyLength };

/** Why a block gave nothing. */
export class BlockFault {
  /**
   * `connection`: both ends no longer have the same tables (COMPRESSION_ERROR) · `malformed`: the stream is reset
   * (RFC 9113 §8.1.1) · `refused`: well-formed, and answered here and now with the reason's status.
   */
  readonly kind: "connection" | "malformed" | "refused";
  readonly reason: Reason;
  readonly detail: string;
  /** The limit that was met, if it was one. */
  readonly limit: LimitName | null;

  constructor(
    kind: BlockFault["kind"],
    reason: Reason,
    detail: string,
    limit: LimitName | null = null,
  ) {
    this.kind = kind;
    this.reason = reason;
    this.detail = detail;
    this.limit = limit;
  }
}
