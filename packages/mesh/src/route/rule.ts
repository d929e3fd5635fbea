import type { SessionTokens } from "../balance/session.ts";
import type { FilterChain } from "../filter/filter.ts";
import type { BackendRefDoc, FaultDoc, RuleDoc, ValueMatchDoc } from "../model/document.ts";
import type { EffectivePolicy } from "../policy/request-policy.ts";
import type { Pattern } from "./pattern.ts";
import type { SmoothWeighted } from "./weighted.ts";

/** One rule, ready to act on. */
export interface Rule {
  /** `<kind>/<namespace>/<name>#<rule>`: how records name it. */
  readonly name: string;
  /** Every request fails so; null: the rule can be acted on. */
  readonly fails: RuleDoc["fails"];
  readonly filters: FilterChain | null;
  /** Whole exchange, attempts included, in ms. Null: the service's default. */
  readonly requestTimeoutMs: number | null;
  /** Whose turn it is. Null: no backend has a weight, which fails as invalid-backend. */
  readonly backends: SmoothWeighted<RuleBackend>;
  /** All of them, those of weight 0 too: a session may name one. */
  readonly all: readonly RuleBackend[];
  /** Clients that stay with an endpoint, whatever the weights. Null: none by this rule. */
  readonly sessions: SessionTokens | null;
  /** Of its own, besides the service's; null: none. */
  readonly fault: FaultDoc | null;
  /** Must the destination's proxy be told its name? */
  readonly isTold: boolean;
}

export interface RuleBackend {
  /** Null: an invalid reference, whose share fails as invalid-backend. */
  readonly target: BackendRefDoc | null;
  readonly filters: FilterChain | null;
  /** What its share fails as where there is no target. */
  readonly fails: "invalid-backend" | "no-endpoint";
  /** Of the rule's requests to it. */
  readonly policy: EffectivePolicy;
}

/** One match, for one host name; `order` is its precedence, 0 first. Null: nothing to compare. */
export interface Entry {
  readonly order: number;
  readonly rule: Rule;
  /** In lower case; null: any host. */
  readonly hostname: string | null;
  readonly method: string | null;
  /** Of the path, besides what the table looks up. */
  readonly pattern: Pattern | null;
  readonly headers: readonly FieldTest[] | null;
  readonly query: readonly FieldTest[] | null;
}

/** A field or a parameter that is as said, or fits a pattern. */
export interface FieldTest extends ValueMatchDoc {
  readonly pattern: Pattern | null;
}
