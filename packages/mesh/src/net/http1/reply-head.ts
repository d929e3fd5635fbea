import type { ReplyHead } from "../../model/head.ts";
import { Http1Fields } from "./fields.ts";

/** A reply head as it came over HTTP/1, and the edits made to it. */
export class Http1ReplyHead extends Http1Fields implements ReplyHead {
  /** The 1 of HTTP/1.1. */
  readonly minor: number;
  /** The value of its one Content-Length, or -1. */
  readonly contentLength: number;
  #status: number;
  isStatusEdited = false;

  constructor(bytes: Buffer, table: number[], minor: number, contentLength: number) {
    super(bytes, table);
    this.minor = minor;
    this.contentLength = contentLength;
    this.#status = table[0]!;
  }

  get status(): number {
    return this.#status;
  }

  set status(status: number) {
    this.isStatusEdited ||= status !== this.#status;
    this.#status = status;
  }
}
