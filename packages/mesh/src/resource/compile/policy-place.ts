import { compareAge, type Resource } from "../meta.ts";

/** A policy of any kind: about what its targetRefs name, in its own namespace (GEP-713). */
export interface AnyPolicy extends Resource {
  readonly spec: { readonly targetRefs: readonly TargetReference[] };
}

export interface TargetReference {
  readonly kind: string;
  readonly name: string;
  /** A rule of a route: its name, or its index where it has none. */
  readonly sectionName?: string;
}

/** What a policy is about, within its namespace. */
export interface PolicyPlace {
  readonly kind: string;
  readonly name: string;
  /** A rule of the route; null: all of it. */
  readonly rule: string | null;
}

/** Routes that policies may be about: those whose requests are read. */
export const policyRoutes = ["HTTPRoute", "GRPCRoute"] as const;

/** Of all that speak of `place` the oldest, which holds; null: none does. */
export function oldestOn<P extends AnyPolicy>(
  policies: readonly P[],
  place: PolicyPlace,
): P | null {
  const [oldest = null] = policies.filter((one) => speaksOf(one, place)).sort(compareAge);
  return oldest;
}

/** Does a policy speak of exactly this, and not of what it is part of? */
export function speaksOf({ spec }: AnyPolicy, { kind, name, rule }: PolicyPlace): boolean {
  return spec.targetRefs.some(
    (one) => one.kind === kind && one.name === name && (one.sectionName ?? null) === rule,
  );
}
