import type { KnownResource } from "../resource/index.ts";
import { compareAge, namespacedName, namespaceOf } from "../resource/meta.ts";
import { type IntentState, resourcesOf } from "./evidence.ts";

/** What policies say of a target, read from the resources alone. */

type PolicyKind =
  | "RetryPolicy"
  | "TimeoutPolicy"
  | "BalancingPolicy"
  | "RateLimit"
  | "XBackendTrafficPolicy";
type PolicyOf<K extends PolicyKind> = Extract<KnownResource, { kind: K }>;

/** A Service, a route, or a rule of one: `default/kvs`, and the rule's name or index. */
export interface PolicyTargetName {
  readonly kind: string;
  /** `<namespace>/<name>` */
  readonly name: string;
  readonly rule: string | null;
}

/** Of several policies of a kind on one target the oldest holds; null: there is none. */
export function policyOn<K extends PolicyKind>(
  state: IntentState,
  kind: K,
  target: PolicyTargetName,
): PolicyOf<K> | null {
  const [oldest = null] = resourcesOf(state, kind)
    .filter((one) => isAbout(one as unknown as Targeting, target))
    .sort(compareAge);
  return oldest as PolicyOf<K> | null;
}

interface Targeting extends Pick<KnownResource, "metadata" | "apiVersion" | "kind"> {
  readonly spec: {
    readonly targetRefs: readonly {
      readonly kind: string;
      readonly name: string;
      readonly sectionName?: string;
    }[];
  };
}

function isAbout(policy: Targeting, { kind, name, rule }: PolicyTargetName): boolean {
  return policy.spec.targetRefs.some(
    (one) =>
      one.kind === kind &&
      `${namespaceOf(policy as never)}/${one.name}` === name &&
      (one.sectionName ?? null) === rule,
  );
}

/** Without what comes and goes beside intent: for comparing periods. */
export function saidIn(state: IntentState, ...kinds: readonly KnownResource["kind"][]): unknown {
  return kinds.flatMap((kind) =>
    resourcesOf(state, kind).map((one) => [
      kind,
      namespacedName(one),
      one.metadata.creationTimestamp,
      "spec" in one ? one.spec : null,
    ]),
  );
}
