import type { FilterReply, ReplyFilter } from "../filter/filter.ts";
import { runRequestFilters } from "../filter/index.ts";
import type { RequestHead } from "../model/head.ts";
import type { Reason } from "../model/reason.ts";
import { unroutable } from "../route/match.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import type { Backend } from "../upstream/backend.ts";
import type { Frontend, Source } from "./frontend.ts";

/** What becomes of a request, as far as its head alone decides. */
export type Decision =
  | ({ readonly kind: "fail"; readonly reason: Reason; readonly detail: string } & Filters)
  /** A filter answers. */
  | ({ readonly kind: "reply"; readonly reply: FilterReply } & Filters)
  | ({
      readonly kind: "ask";
      readonly backend: Backend;
      /** Of the whole exchange. Null: none. */
      readonly timeoutMs: number | null;
      /** What the backend's own filters do to its reply, before `replyFilters`. */
      readonly backendReplyFilters: readonly ReplyFilter[] | null;
    } & Filters);

interface Filters {
  /** What the rule's filters do to any reply, our own included. */
  readonly replyFilters: readonly ReplyFilter[] | null;
}

/** Match, authorize, filters: everything that can be decided from the head alone, in order. Edits it. */
export function decide(
  frontend: Frontend,
  source: Source,
  head: RequestHead,
  record: ExchangeRecord,
): Decision {
  if (frontend.fails !== null) return fail(frontend.fails.reason, frontend.fails.detail, null);
  if (frontend.edit !== null) {
    frontend.edit(head, source);
    record.authority = head.authority;
    record.sourceName = source.name;
  }
  if (frontend.gate !== null) {
    const refused = frontend.gate(head, source);
    if (refused !== null) return fail(refused.reason, refused.detail, null);
  }
  if (frontend.routes !== null) return route(frontend, frontend.routes, head, record);
  const { backend, requestTimeoutMs: timeoutMs } = frontend;
  if (backend === null) return fail("no-route", "no rule and no default", null);
  return { kind: "ask", backend, timeoutMs, backendReplyFilters: null, replyFilters: null };
}

function route(
  frontend: Frontend,
  routes: NonNullable<Frontend["routes"]>,
  head: RequestHead,
  record: ExchangeRecord,
): Decision {
  const rule = routes.match(head);
  if (typeof rule === "string") return fail(rule, unroutable[rule], null);
  record.route = rule.name;
  if (rule.fails !== null) return fail(rule.fails, `${rule.name} cannot be acted on`, null);
  const replyFilters = rule.filters?.reply ?? null;
  if (rule.filters !== null && rule.filters.request !== null) {
    const reply = runRequestFilters(rule.filters.request, head, frontend);
    if (reply !== null) return { kind: "reply", reply, replyFilters };
  }
  const choice = rule.backends.next();
  if (choice === null || choice.target === null) {
    return fail("invalid-backend", `${rule.name} names no backend that exists`, replyFilters);
  }
  const backend = frontend.backendOf(choice.target.service, choice.target.port);
  if (choice.filters !== null && choice.filters.request !== null) {
    const reply = runRequestFilters(choice.filters.request, head, frontend);
    if (reply !== null) return { kind: "reply", reply, replyFilters };
  }
  if (head.path !== record.path) {
    record.receivedPath = record.path;
    record.path = head.path;
  }
  return {
    kind: "ask",
    backend,
    timeoutMs: rule.requestTimeoutMs ?? frontend.requestTimeoutMs,
    backendReplyFilters: choice.filters?.reply ?? null,
    replyFilters,
  };
}

function fail(
  reason: Reason,
  detail: string,
  replyFilters: readonly ReplyFilter[] | null,
): Decision {
  return { kind: "fail", reason, detail, replyFilters };
}
