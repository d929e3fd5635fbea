import type { PlacementSource } from "../balance/placement.ts";
import { type Session, SessionTokens } from "../balance/session.ts";
import { Subset } from "../balance/subset.ts";
import type { Rng } from "../base/rng.ts";
import type { RequestHead } from "../model/head.ts";
import type { RequestPolicyDoc } from "../model/policy.ts";
import type { Backend } from "./backend.ts";
import { PickWish } from "./pick-wish.ts";
import { RuleBreakers } from "./rule-breakers.ts";

/** What a rule says of the choice of endpoints, made once for each rule whose policy says any of it. */
export class RulePick {
  readonly breakers: RuleBreakers | null;
  readonly sessions: SessionTokens | null;
  readonly subset: Subset | null;

  /**
   * @param scope names the rule for its sessions: `<route>#<rule>`
   * @param before what it takes the place of, the same rule in an earlier document: its breakers' state goes on
   */
  constructor(policy: RequestPolicyDoc, scope: string, rng: Rng, before: RulePick | null) {
    const { breaker, session, subset } = policy;
    this.breakers = null;
    if (breaker !== undefined) {
      this.breakers = before?.breakers ?? new RuleBreakers(breaker, rng);
      this.breakers.doc = breaker;
    }
    this.sessions = session === undefined ? null : new SessionTokens(session, scope);
    this.subset = subset === undefined ? null : new Subset(subset);
  }

  /** Does `policy` say anything of the choice? */
  static isWanted({ breaker, session, subset }: RequestPolicyDoc): boolean {
    return breaker !== undefined || session !== undefined || subset !== undefined;
  }
}

/**
 * What a request asks of `backend`'s choice of endpoints, by its rule and by the service; null: nothing, the usual case.
 * @param session that the request brought, of its rule or of the service; it says nothing of other backends
 */
export function wishFor(
  backend: Backend,
  rule: RulePick | null,
  head: RequestHead,
  source: PlacementSource,
  session: Session | null,
): PickWish | null {
  const subset = rule?.subset ?? backend.subset;
  const breakers = rule === null ? null : rule.breakers;
  const isKept =
    session !== null && session.service === backend.service && session.port === backend.port;
  if (subset === null && breakers === null && backend.affinity === null && !isKept) return null;
  const wish = new PickWish();
  if (backend.affinity !== null) wish.hash = backend.affinity.hashOf(head, source);
  if (isKept) wish.stickTo = session.uid;
  wish.breakers = breakers;
  wish.subset = subset;
  if (subset !== null) wish.subsetKey = subset.keyOf(head);
  return wish;
}
