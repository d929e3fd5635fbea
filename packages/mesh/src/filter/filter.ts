import type { MirrorDoc } from "../model/document.ts";
import type { ReplyHead, RequestHead } from "../model/head.ts";

/** An answer that a filter gives instead of the process. */
export interface FilterReply {
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** What a request was addressed to, whatever it says of itself. */
export interface Addressed {
  /** Of the service, or of the gateway's listener. */
  readonly port: number;
}

/** One step on the way to the process. Null: go on. */
export type RequestFilter = (head: RequestHead, to: Addressed) => FilterReply | null;

/** One step on the way back; `request` is the very head that the request's steps saw. */
export type ReplyFilter = (head: ReplyHead, request: RequestHead) => void;

/** What one filter does. A direction in which it does nothing is null, and costs nothing. */
export interface Filter {
  readonly request: RequestFilter | null;
  readonly reply: ReplyFilter | null;
  /** Where copies go. Absent, null: nowhere. */
  readonly mirror?: MirrorDoc | null;
}

/** The filters of one rule or backend, ready to run. Null where there are none. */
export interface FilterChain {
  /** In the order of the document. */
  readonly request: readonly RequestFilter[] | null;
  /** In the reverse order: what touched the request last sees the reply first. */
  readonly reply: readonly ReplyFilter[] | null;
  /** Each with a backend and a share above 0. Copies are of the request as it is forwarded. */
  readonly mirrors: readonly MirrorDoc[] | null;
}
