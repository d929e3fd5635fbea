import type { ReplyHead } from "../model/head.ts";
import type { Reason } from "../model/reason.ts";
import type { BodyLength } from "../net/codec.ts";
import { PlainReplyHead } from "../net/plain-head.ts";

/** A call's reply of which only the head is here: kept, for trailers that follow at once may yet call it failed (as Linkerd peeks). */
export class PeekedReply {
  readonly head: ReplyHead;
  readonly length: BodyLength;
  readonly reason: Reason | null;

  /** @param head the codec's, which is copied: it holds for the moment */
  constructor(head: ReplyHead, length: BodyLength, reason: Reason | null) {
    const fields: [string, string][] = [];
    head.each((name, value) => fields.push([name, value]));
    this.head = new PlainReplyHead(head.status, fields);
    this.length = length;
    this.reason = reason;
  }
}
