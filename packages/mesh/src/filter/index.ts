import * as v from "valibot";
import type { FilterDoc } from "../model/document.ts";
import type { ReplyHead, RequestHead } from "../model/head.ts";
import { compileCors, corsSchema } from "./cors.ts";
import type {
  Addressed,
  Filter,
  FilterChain,
  FilterReply,
  ReplyFilter,
  RequestFilter,
} from "./filter.ts";
import { compileMirror, mirrorSchema } from "./mirror.ts";
import { compileRedirect, redirectSchema } from "./redirect.ts";
import { compileReplyHeaders, replyHeadersSchema } from "./reply-headers.ts";
import { compileRequestHeaders, requestHeadersSchema } from "./request-headers.ts";
import { compileUrlRewrite, urlRewriteSchema } from "./url-rewrite.ts";

type FilterType = FilterDoc["type"];

interface FilterKind<Doc extends FilterDoc> {
  readonly schema: v.GenericSchema<unknown, Doc>;
  readonly compile: (doc: Doc) => Filter;
}

/** All filters. To add one: its file with schema and behaviour, its type in `FilterDoc`, a line here. */
export const filters: {
  readonly [Type in FilterType]: FilterKind<Extract<FilterDoc, { type: Type }>>;
} = {
  "request-headers": { schema: requestHeadersSchema, compile: compileRequestHeaders },
  "reply-headers": { schema: replyHeadersSchema, compile: compileReplyHeaders },
  "url-rewrite": { schema: urlRewriteSchema, compile: compileUrlRewrite },
  redirect: { schema: redirectSchema, compile: compileRedirect },
  mirror: { schema: mirrorSchema, compile: compileMirror },
  cors: { schema: corsSchema, compile: compileCors },
};

/** The schema of a filter document of any type in the table. */
export const filterSchema: v.GenericSchema<unknown, FilterDoc> = v.lazy((input) => {
  const type = (input as { type?: unknown } | null)?.type;
  return typeof type === "string" && Object.hasOwn(filters, type)
    ? (filters[type as FilterType].schema as v.GenericSchema<unknown, FilterDoc>)
    : unknownFilter;
});

const unknownFilter: v.GenericSchema<unknown, FilterDoc> = v.pipe(
  v.custom<FilterDoc>(() => true),
  v.check(
    (): boolean => false,
    () => `a filter of a known type (${Object.keys(filters).join(", ")})`,
  ),
);

/** The filters of `docs`, ready to run; null where they do nothing. */
export function compileFilters(docs: readonly FilterDoc[]): FilterChain | null {
  const compiled = docs.map(compileFilter);
  const request = compiled.map((filter) => filter.request).filter(isPresent);
  const reply = compiled.map((filter) => filter.reply).filter(isPresent);
  const mirrors = compiled.map(({ mirror }) => mirror ?? null).filter(isPresent);
  if (request.length + reply.length + mirrors.length === 0) return null;
  return {
    request: request.length === 0 ? null : request,
    reply: reply.length === 0 ? null : reply.toReversed(),
    mirrors: mirrors.length === 0 ? null : mirrors,
  };
}

/** Runs the steps in order until one answers. Null: go on to the process. */
export function runRequestFilters(
  steps: readonly RequestFilter[],
  head: RequestHead,
  to: Addressed,
): FilterReply | null {
  for (const step of steps) {
    const reply = step(head, to);
    if (reply !== null) return reply;
  }
  return null;
}

/** Runs the steps on the head of the reply to `request`. */
export function runReplyFilters(
  steps: readonly ReplyFilter[],
  head: ReplyHead,
  request: RequestHead,
): void {
  for (const step of steps) step(head, request);
}

function compileFilter(doc: FilterDoc): Filter {
  const kind = filters[doc.type] as FilterKind<FilterDoc>; // the table pairs each type with its compiler
  return kind.compile(doc);
}

function isPresent<T>(value: T | null): value is T {
  return value !== null;
}
