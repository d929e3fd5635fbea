import { isService } from "../gateway-api/reference.ts";
import {
  type ConditionClaim,
  compareAge,
  namespacedName,
  namespaceOf,
  type Resource,
} from "../meta.ts";
import type { Attachable } from "./attachable.ts";
import { type AncestorClaims, accepted, type Refusal } from "./claims.ts";
import type { CompiledService } from "./compiled.ts";
import type { ResourceKey, TableName } from "./tables.ts";
import type { CompiledWorld, World } from "./world.ts";

/** A policy of the Gateway API on Services of its namespace, or on single ports of these (GEP-713). */
export interface AncestorPolicy extends Resource {
  readonly spec: { readonly targetRefs: readonly AncestorTarget[] };
}

export interface AncestorTarget {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  /** A port of the Service, by name. */
  readonly sectionName?: string;
}

interface AncestorKind<P extends AncestorPolicy> {
  readonly table: TableName;
  /** Why it does not hold, though nothing else is against it; null: it does. */
  readonly refusedBy: (policy: P, world: World) => Refusal | null;
  /** Conditions beside `Accepted`. */
  readonly more: (policy: P, world: World) => readonly ConditionClaim[];
}

/** How such policies are attached; their status speaks of each target, which is its own ancestor. */
export function ancestorAttachable<P extends AncestorPolicy>(kind: AncestorKind<P>): Attachable<P> {
  return {
    targets: (policy) => policy.spec.targetRefs.filter(isService).map((one) => keyOf(one, policy)),
    claims: (policy, world) => ({
      ancestors: policy.spec.targetRefs.map((target): AncestorClaims => {
        const refusal = targetRefusal(policy, target, kind.table, world);
        const why = refusal ?? kind.refusedBy(policy, world);
        return {
          ancestor: { ...target, namespace: namespaceOf(policy) },
          conditions: [accepted(why === null ? [] : [why]), ...kind.more(policy, world)],
        };
      }),
    }),
  };
}

/** The oldest of a table that speaks of a Service, or of this port of it; of both the latter. Null: none. */
export function policyOn<P extends AncestorPolicy>(
  policies: readonly P[],
  service: string,
  port: string | null,
): P | null {
  const [ofPort = null] = port === null ? [] : speaking(policies, service, port);
  const [ofAll = null] = speaking(policies, service, null);
  return ofPort ?? ofAll;
}

/** Those that speak of exactly this, the oldest first. */
function speaking<P extends AncestorPolicy>(
  policies: readonly P[],
  service: string,
  port: string | null,
): readonly P[] {
  return policies
    .filter(({ spec }) =>
      spec.targetRefs.some(
        (one) => isService(one) && one.name === service && (one.sectionName ?? null) === port,
      ),
    )
    .sort(compareAge);
}

function targetRefusal(
  policy: AncestorPolicy,
  target: AncestorTarget,
  table: TableName,
  world: CompiledWorld,
): Refusal | null {
  const { group, kind, name, sectionName = null } = target;
  if (!isService(target)) {
    const full = group === "" ? kind : `${group}/${kind}`;
    return {
      reason: "TargetNotFound",
      message: `heddle applies it to Services, not to a ${full}.`,
    };
  }
  const key = keyOf(target, policy);
  const found = world.service(key.slice("Service/".length));
  if (found === null)
    return { reason: "TargetNotFound", message: `There is no ${key.replace("/", " ")}.` };
  if (sectionName !== null && !hasPort(found, sectionName)) {
    const message = `Service ${name} has no port called ${sectionName}.`;
    return { reason: "TargetNotFound", message };
  }
  const all = world.attached(table, key) as readonly Resource[] as readonly AncestorPolicy[];
  const [winner] = speaking(all, name, sectionName);
  if (winner === undefined || namespacedName(winner) === namespacedName(policy)) return null;
  const what = sectionName === null ? `Service ${name}` : `port ${sectionName} of Service ${name}`;
  return {
    reason: "Conflicted",
    message: `${table} ${winner.metadata.name} is older and holds for ${what}.`,
  };
}

function hasPort({ doc }: CompiledService, name: string): boolean {
  return doc.ports.some((port) => port.name === name);
}

function keyOf({ name }: AncestorTarget, policy: Resource): ResourceKey {
  return `Service/${namespaceOf(policy)}/${name}`;
}
