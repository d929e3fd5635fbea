import { SessionTokens } from "../balance/session.ts";
import { Subset } from "../balance/subset.ts";
import type { BreakerDoc, HedgeDoc, RequestPolicyDoc, RetryDoc } from "../model/policy.ts";

/** What holds for one request: of each field its rule's word, else its service's. Null: nothing was said, nothing is done. */
export interface RequestPolicy {
  /** Of whom it is: the rule's name, or the service's. */
  readonly scope: string;
  readonly attemptTimeoutMs: number | null;
  readonly headTimeoutMs: number | null;
  readonly idleTimeoutMs: number | null;
  readonly lifetimeMs: number | null;
  readonly retry: RetryDoc | null;
  readonly hedge: HedgeDoc | null;
  /** The rule's own alone: the service's is kept with its endpoints. */
  readonly breaker: BreakerDoc | null;
  /** The same. */
  readonly subset: Subset | null;
  readonly sessions: SessionTokens | null;
}

/**
 * The policy of a rule's requests to one of its backends, or of requests without a rule to a service: joined when either document
 * is another than before, not for each request. One place in configuration has one; it outlives the documents of the service.
 */
export class EffectivePolicy {
  readonly #scope: string;
  readonly #rule: RequestPolicyDoc | null;
  /** The rule's own, the same for all its backends. */
  readonly #sessions: SessionTokens | null;
  #service: RequestPolicyDoc | null = null;
  #joined: RequestPolicy | null = null;

  /**
   * @param scope the rule's name, or the service's
   * @param rule null: no rule, or one that says nothing
   */
  constructor(
    scope: string,
    rule: RequestPolicyDoc | null,
    sessions: SessionTokens | null = sessionsOf(scope, rule),
  ) {
    this.#scope = scope;
    this.#rule = rule;
    this.#sessions = sessions;
  }

  /** Null: neither says anything of this. */
  of(service: RequestPolicyDoc): RequestPolicy | null {
    if (service === this.#service) return this.#joined;
    this.#service = service;
    this.#joined = this.#join(this.#rule ?? {}, service);
    return this.#joined;
  }

  /** Field by field; null where none is there. */
  #join(rule: RequestPolicyDoc, service: RequestPolicyDoc): RequestPolicy | null {
    const said = {
      attemptTimeoutMs: (rule.attemptTimeoutMs ?? service.attemptTimeoutMs) || null, // 0: none, whatever the service says
      headTimeoutMs: (rule.headTimeoutMs ?? service.headTimeoutMs) || null,
      idleTimeoutMs: (rule.idleTimeoutMs ?? service.idleTimeoutMs) || null,
      lifetimeMs: (rule.lifetimeMs ?? service.lifetimeMs) || null,
      retry: rule.retry ?? service.retry ?? null,
      hedge: rule.hedge ?? service.hedge ?? null,
      breaker: rule.breaker ?? null,
      subset: rule.subset === undefined ? null : new Subset(rule.subset),
      sessions: this.#sessions ?? sessionsOf(this.#scope, service),
    };
    const isAny = Object.values(said).some((value) => value !== null);
    return isAny ? { scope: this.#scope, ...said } : null;
  }
}

/** Two rules never share a session, even for one service (GEP-1619): hence the scope. */
export function sessionsOf(scope: string, doc: RequestPolicyDoc | null): SessionTokens | null {
  return doc?.session === undefined ? null : new SessionTokens(doc.session, scope);
}
