import type { Session } from "../balance/session.ts";
import type { Clock } from "../base/clock.ts";
import type { FilterReply, ReplyFilter } from "../filter/filter.ts";
import { runRequestFilters } from "../filter/index.ts";
import type { MirrorDoc } from "../model/document.ts";
import type { RequestHead } from "../model/head.ts";
import type { Reason } from "../model/reason.ts";
import { ruleField } from "../policy/admission.ts";
import type { RequestPolicy } from "../policy/request-policy.ts";
import { unroutable } from "../route/match.ts";
import type { Rule, RuleBackend } from "../route/rule.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import type { Backend } from "../upstream/backend.ts";
import type { Frontend, Source } from "./frontend.ts";

/** What becomes of a request, as far as its head alone decides. */
export type Decision =
  | ({
      readonly kind: "fail";
      readonly reason: Reason;
      readonly detail: string;
      /** Of the answer, besides those of any failure; null: none. */
      readonly fields: MoreFields | null;
    } & Common)
  /** A filter answers. */
  | ({ readonly kind: "reply"; readonly reply: FilterReply } & Common)
  | Asked;

export type MoreFields = readonly (readonly [name: string, value: string])[];

/** It goes to a backend. */
export interface Asked extends Common {
  readonly kind: "ask";
  readonly backend: Backend;
  /** Null: none, so the service itself. */
  readonly rule: Rule | null;
  readonly policy: RequestPolicy | null;
  /** That the client has brought; null: none that holds here. */
  readonly session: Session | null;
  /** Where copies of it may go; null: nowhere. */
  readonly mirrors: readonly MirrorDoc[] | null;
  /** Of the whole exchange. Null: none. */
  readonly timeoutMs: number | null;
  /** What the backend's own filters do to its reply, before `replyFilters`. */
  readonly backendReplyFilters: readonly ReplyFilter[] | null;
}

interface Common {
  /** What the rule's filters do to any reply, our own included. */
  readonly replyFilters: readonly ReplyFilter[] | null;
  /** Was it taken in, so that its end must be told? */
  readonly isAdmitted: boolean;
}

/**
 * Match, authorize, filters: everything that can be decided from the head alone, in order. Edits it.
 */
export function decide(
  frontend: Frontend,
  source: Source,
  head: RequestHead,
  record: ExchangeRecord,
  clock: Clock,
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
  let isAdmitted = false;
  if (frontend.admission) {
    const rule = head.get(ruleField);
    if (rule !== null) head.remove(ruleField); // it is not the process's to know
    const refused = frontend.admission.enter(head, source, rule, record.startMs);
    if (refused !== null) return fail(refused.reason, refused.detail, null, refused.fields);
    isAdmitted = true;
  }
  if (frontend.routes !== null) return route(frontend, frontend.routes, head, record, clock);
  const { backend, requestTimeoutMs: timeoutMs } = frontend;
  if (backend === null) return { ...fail("no-route", "no rule and no default", null), isAdmitted };
  const policy = frontend.policy == null ? null : frontend.policy.of(backend.spec.policy);
  return {
    kind: "ask",
    backend,
    rule: null,
    policy,
    session:
      policy === null || policy.sessions === null
        ? null
        : policy.sessions.read(head, clock.wallMs()),
    mirrors: null,
    timeoutMs,
    backendReplyFilters: null,
    replyFilters: null,
    isAdmitted,
  };
}

function route(
  frontend: Frontend,
  routes: NonNullable<Frontend["routes"]>,
  head: RequestHead,
  record: ExchangeRecord,
  clock: Clock,
): Decision {
  const rule = routes.match(head);
  if (typeof rule === "string") return fail(rule, unroutable[rule], null);
  record.route = rule.name;
  if (rule.fails !== null) return fail(rule.fails, `${rule.name} cannot be acted on`, null);
  const replyFilters = rule.filters?.reply ?? null;
  if (rule.filters !== null && rule.filters.request !== null) {
    const reply = runRequestFilters(rule.filters.request, head, frontend);
    if (reply !== null) return { kind: "reply", reply, replyFilters, isAdmitted: false };
  }
  let session = rule.sessions === null ? null : rule.sessions.read(head, clock.wallMs());
  // A session wins over weights, even of 0, and never over the match (GEP-1619).
  const kept = session === null ? null : backendOfSession(rule, session);
  const choice = kept ?? rule.backends.next();
  if (choice === null || choice.target === null) {
    const detail = `${rule.name} names no backend that exists`;
    return fail(choice?.fails ?? "invalid-backend", detail, replyFilters);
  }
  const backend = frontend.backendOf(choice.target.service, choice.target.port);
  if (choice.filters !== null && choice.filters.request !== null) {
    const reply = runRequestFilters(choice.filters.request, head, frontend);
    if (reply !== null) return { kind: "reply", reply, replyFilters, isAdmitted: false };
  }
  if (head.path !== record.path) {
    record.receivedPath = record.path;
    record.path = head.path;
  }
  if (rule.isTold) head.set(ruleField, rule.name);
  const policy = choice.policy.of(backend.spec.policy);
  if (rule.sessions === null && policy !== null && policy.sessions !== null) {
    session = policy.sessions.read(head, clock.wallMs()); // the service's own
  }
  return {
    kind: "ask",
    backend,
    rule,
    policy,
    session,
    mirrors: mirrorsOf(rule, choice),
    timeoutMs: timeOf(rule, frontend, backend),
    backendReplyFilters: choice.filters?.reply ?? null,
    replyFilters,
    isAdmitted: false,
  };
}

/** 0: none, whatever the service says. A gateway is asked for no service, and then it is the one that its rule leads to which says it. */
function timeOf(rule: Rule, frontend: Frontend, backend: Backend): number | null {
  const ofService = frontend.requestTimeoutMs ?? backend.spec.policy.requestTimeoutMs;
  return (rule.requestTimeoutMs ?? ofService) || null;
}

function backendOfSession(rule: Rule, session: Session): RuleBackend | null {
  const isIt = ({ target }: RuleBackend) =>
    target !== null && target.service === session.service && target.port === session.port;
  return rule.all.find(isIt) ?? null;
}

function mirrorsOf(rule: Rule, choice: RuleBackend): readonly MirrorDoc[] | null {
  const ofRule = rule.filters?.mirrors ?? null;
  const ofBackend = choice.filters?.mirrors ?? null;
  if (ofRule === null || ofBackend === null) return ofRule ?? ofBackend;
  return [...ofRule, ...ofBackend];
}

function fail(
  reason: Reason,
  detail: string,
  replyFilters: readonly ReplyFilter[] | null,
  fields: MoreFields | null = null,
): Decision {
  return { kind: "fail", reason, detail, fields, replyFilters, isAdmitted: false };
}
