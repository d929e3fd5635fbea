import type { ReplyHead } from "../../model/head.ts";
import type { BodyLength } from "../codec.ts";
import { Http2Fields } from "./fields.ts";
import { HpackField } from "./hpack/field.ts";

/** A reply head as it came over HTTP/2, and the edits made to it. */
export class Http2ReplyHead extends Http2Fields implements ReplyHead {
  /** How long the body is, as the head and the request say and the end of the stream confirms. */
  readonly length: BodyLength;
  /** The value of its one Content-Length, or -1. */
  readonly contentLength: number;
  statusField: HpackField;
  #status: number;

  constructor(
    statusField: HpackField,
    fields: HpackField[],
    body: { status: number; length: BodyLength; contentLength: number },
  ) {
    super(fields);
    this.length = body.length;
    this.contentLength = body.contentLength;
    this.statusField = statusField;
    this.#status = body.status;
  }

  /** 101 for what granted an extended CONNECT, whatever stood in `:status`. */
  get status(): number {
    return this.#status;
  }

  set status(status: number) {
    this.#status = status;
    this.statusField = new HpackField(":status", String(status));
  }
}
