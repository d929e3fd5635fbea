import type { ReplyHead, RequestHead } from "../model/head.ts";

/** An answer that a filter gives instead of the process. */
export interface FilterReply {
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** One step on the way to the process. Null: go on. */
export type RequestFilter = (head: RequestHead) => FilterReply | null;

/** One step on the way back. */
export type ReplyFilter = (head: ReplyHead) => void;

/** What one filter does. A direction in which it does nothing is null, and costs nothing. */
export interface Filter {
  readonly request: RequestFilter | null;
  readonly reply: ReplyFilter | null;
}

/** The filters of one rule or backend, ready to run. Null where there are none. */
export interface FilterChain {
  /** In the order of the document. */
  readonly request: readonly RequestFilter[] | null;
  /** In the reverse order: what touched the request last sees the reply first. */
  readonly reply: readonly ReplyFilter[] | null;
}
