import { targetName } from "../heddle/policy-target.ts";
import { type ConditionClaim, namespacedName, namespaceOf, type Resource } from "../meta.ts";
import type { Attachable } from "./attachable.ts";
import { accepted, type EventClaim, type Refusal } from "./claims.ts";
import type { CompiledService } from "./compiled.ts";
import { oldestOf } from "./oldest.ts";
import { type AnyPolicy, speaksOf, type TargetReference } from "./policy-place.ts";
import type { ResourceKey, TableName } from "./tables.ts";
import type { CompiledWorld } from "./world.ts";

export interface PolicyKind<P extends AnyPolicy> {
  readonly table: TableName;
  /** What the oldest on a target does, for the others to be told: `places the requests of`. */
  readonly does: string;
  /** Why it cannot hold for a Service, though it is the oldest; null: it does. Default: it always does. */
  readonly refusedBy?: (policy: P, service: CompiledService) => Refusal | null;
  /** Conditions beside `Accepted`. Default: none. */
  readonly more?: (policy: P) => readonly ConditionClaim[];
  /** What it says to no effect, though it holds. Default: nothing. */
  readonly tells?: (policy: P, world: CompiledWorld) => readonly EventClaim[];
}

/** How policies of a kind are attached: of all that say the same of one target the oldest holds. */
export function policyAttachable<P extends AnyPolicy>(kind: PolicyKind<P>): Attachable<P> {
  return {
    targets: (policy) => policy.spec.targetRefs.map((target) => targetKey(target, policy)),
    claims: (policy, world) => {
      const refusals = policy.spec.targetRefs.flatMap(
        (target) => targetRefusal(policy, target, kind, world) ?? [],
      );
      const events = kind.tells?.(policy, world) ?? [];
      return {
        conditions: [accepted(refusals), ...(kind.more?.(policy) ?? [])],
        ...(events.length > 0 && { events }),
      };
    },
  };
}

function targetKey({ kind, name }: TargetReference, policy: Resource): ResourceKey {
  return `${kind as TableName}/${namespaceOf(policy)}/${name}`;
}

/** Why a policy does not hold for one of its targets; null: it does. */
function targetRefusal<P extends AnyPolicy>(
  policy: P,
  target: TargetReference,
  { table, does, refusedBy }: PolicyKind<P>,
  world: CompiledWorld,
): Refusal | null {
  const key = `${namespaceOf(policy)}/${target.name}`;
  const service = target.kind === "Service" ? world.service(key) : null;
  const route = target.kind === "Service" ? null : world.find(target.kind as "HTTPRoute", key);
  if (service === null && route === null) {
    return { reason: "TargetNotFound", message: `There is no ${target.kind} ${key}.` };
  }
  const { sectionName } = target;
  if (route !== null && sectionName !== undefined && !hasRule(route, sectionName)) {
    const message = `${target.kind} ${key} has no rule ${sectionName}.`;
    return { reason: "TargetNotFound", message };
  }
  const place = { kind: target.kind, name: target.name, rule: sectionName ?? null };
  const all = world.attached(table, targetKey(target, policy)) as readonly Resource[];
  const rivals = (all as readonly AnyPolicy[]).filter((one) => speaksOf(one, place));
  const lost = oldestOf(rivals, targetName(target), does);
  const refusal = lost.losers.get(namespacedName(policy)) ?? null;
  return refusal ?? (service === null ? null : (refusedBy?.(policy, service) ?? null));
}

function hasRule(route: Resource, name: string): boolean {
  const { rules = [{}] } = route.spec as { readonly rules?: readonly { readonly name?: string }[] };
  return rules.some((rule, index) => (rule.name ?? String(index)) === name);
}
