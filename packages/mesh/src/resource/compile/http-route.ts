import type { RequestPolicyDoc, RetryDoc } from "../../model/policy.ts";
import type { HttpRoute, HttpRouteRule } from "../gateway-api/httproute.ts";
import { sessionDoc } from "../gateway-api/session-persistence.ts";
import { resourceKey } from "../meta.ts";
import { parseDurationMs } from "../schema/formats.ts";
import { compileMatch } from "./match.ts";
import type { RouteKind, RouteScope } from "./route-kind.ts";
import { type CompiledRoute, mergeRoutes, routeConditions, ruleProblems } from "./routes.ts";
import { compileRule } from "./rule.ts";
import type { OwnRulePolicy } from "./rule-policy.ts";
import { carriesHttp } from "./service-port.ts";
import { sessionName } from "./session-name.ts";

export const httpRoutes: RouteKind<HttpRoute, CompiledRoute> = {
  parents: ({ spec }) => spec.parentRefs ?? [],
  compile: compileHttpRoute,
  conditions: routeConditions,
  problems: ruleProblems,
  isCarried: carriesHttp,
  merge: (attached) => ({ routes: mergeRoutes(attached) }),
};

function compileHttpRoute(route: HttpRoute, scope: RouteScope): CompiledRoute {
  const rules = route.spec.rules ?? [{}];
  return {
    route,
    rules: rules.map((rule, index) => {
      const { name = String(index), matches = [], filters = [], backendRefs = [] } = rule;
      const given = {
        name,
        matches: (matches.length === 0 ? [{}] : matches).map(compileMatch),
        filters,
        backendRefs,
        own: ownPolicy(rule, `${resourceKey(route)}#${name}`),
      };
      return compileRule(given, index, { ...scope, route });
    }),
  };
}

/** `0s` switches a time limit off (GEP-1742), also one that is said for the whole Service. */
function ownPolicy(
  { timeouts, retry, sessionPersistence }: HttpRouteRule,
  rule: string,
): OwnRulePolicy {
  const attemptTimeoutMs = limitMs(timeouts?.backendRequest);
  const policy: RequestPolicyDoc = {
    ...(attemptTimeoutMs !== null && { attemptTimeoutMs }),
    ...(retry !== undefined && { retry: retryDoc(retry) }),
    ...(sessionPersistence !== undefined && {
      session: sessionDoc(sessionPersistence, sessionName(rule)),
    }),
  };
  return { requestTimeoutMs: limitMs(timeouts?.request), policy };
}

/** Null: it says nothing. */
function limitMs(text: string | undefined): number | null {
  return text === undefined ? null : parseDurationMs(text);
}

/** Where it says nothing of its pause: that of a RetryPolicy. The longest is ten times the first, as Envoy has it. */
const backoff = { baseMs: 25, maxMs: 250 };

/**
 * GEP-1731. Broken connections, and attempts beyond their time, are tried again wherever there is a stanza; it names no
 * methods, and so means those that may be repeated.
 */
function retryDoc(given: NonNullable<HttpRouteRule["retry"]>): RetryDoc {
  const baseMs = limitMs(given.backoff) ?? backoff.baseMs;
  return {
    retriesMax: given.attempts ?? 1,
    codes: given.codes ?? [],
    grpcCodes: [],
    connectionErrors: true,
    backoff: { baseMs, maxMs: given.backoff === undefined ? backoff.maxMs : baseMs * 10 },
    methods: "safe",
    bodyBytesMax: 65_536,
  };
}
