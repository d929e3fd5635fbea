import type { FilterChain } from "../filter/filter.ts";
import type { RuleDoc, ServiceKey, ValueMatchDoc } from "../model/document.ts";
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
}

export interface RuleBackend {
  /** Null: an invalid reference, whose share fails as invalid-backend. */
  readonly target: { readonly service: ServiceKey; readonly port: number } | null;
  readonly filters: FilterChain | null;
}

/** One match; `order` is its precedence, 0 first. Null lists hold nothing to compare. */
export interface Entry {
  readonly order: number;
  readonly rule: Rule;
  readonly hostnames: readonly string[] | null;
  readonly method: string | null;
  readonly headers: readonly ValueMatchDoc[] | null;
  readonly query: readonly ValueMatchDoc[] | null;
}
