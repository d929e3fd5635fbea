import type { Service } from "@heddle/mesh/resource/core/service.ts";
import type { HttpRoute } from "@heddle/mesh/resource/gateway-api/httproute.ts";
import { gatewayGroup } from "@heddle/mesh/resource/gateway-api/reference.ts";
import { type Rollout, rolloutTargets } from "@heddle/mesh/resource/heddle/rollout.ts";
import { apiVersion } from "@heddle/mesh/resource/kind.ts";
import { namespacedName, namespaceOf, type Resource } from "@heddle/mesh/resource/meta.ts";
import type { NoSplit } from "./decide.ts";
import type { Weights } from "./weights.ts";

/** Two backends of one resource, and how to say another share of them. */
export interface Split {
  readonly weights: Weights;
  /** How records and counts name the rule: they begin so. */
  readonly route: string;
  /** The resource with other weights. */
  readonly with: (weights: Weights) => Resource;
}

/** A backend as routes and splits have it. */
interface Backend {
  readonly weight?: number;
  readonly [field: string]: unknown;
}

interface Rule {
  readonly name?: string;
  readonly backendRefs?: readonly Backend[];
}

/** The split that a Rollout steps. @param target as it is stored; null: it is not there */
export function readSplit(rollout: Rollout, target: Resource | null): Split | NoSplit {
  const { kind, name } = rollout.spec.targetRef;
  if (target === null) {
    return no("TargetNotFound", `There is no ${kind} ${namespaceOf(rollout)}/${name}.`);
  }
  return kind === "TrafficSplit" ? ofTrafficSplit(rollout, target) : ofRoute(rollout, target);
}

/** The route that a Rollout makes for a Service: its name is the Rollout's own. */
export function isMadeBy(rollout: Rollout, route: Resource): boolean {
  return route.metadata.ownerReferences?.some(({ uid }) => uid === rollout.metadata.uid) === true;
}

/** What it makes: all of the Service's requests by one rule, to the stable backend for now. */
export function routeFor(rollout: Rollout, services: ServicesOf): Resource | NoSplit {
  const { stable, canary, targetRef } = rollout.spec;
  const namespace = namespaceOf(rollout);
  const portsOf = (name: string) => services(name)?.spec.ports ?? null;
  for (const name of [targetRef.name, stable, canary]) {
    const ports = portsOf(name);
    if (ports === null) return no("TargetNotFound", `There is no Service ${namespace}/${name}.`);
    if (ports.length !== 1) {
      const message = `Service ${namespace}/${name} has ${ports.length} ports: write an HTTPRoute that says which, and name that.`;
      return no("UnsupportedValue", message);
    }
  }
  const backend = (name: string, weight: number) => ({
    group: "",
    kind: "Service",
    name,
    port: portsOf(name)![0]!.port,
    weight,
  });
  return {
    apiVersion: apiVersion(gatewayGroup, "v1"),
    kind: "HTTPRoute",
    metadata: {
      name: rollout.metadata.name,
      namespace,
      ownerReferences: [
        {
          apiVersion: rollout.apiVersion,
          kind: "Rollout",
          name: rollout.metadata.name,
          uid: rollout.metadata.uid ?? "",
        },
      ],
    },
    spec: {
      parentRefs: [{ group: "", kind: "Service", name: targetRef.name }],
      rules: [{ backendRefs: [backend(stable, 100), backend(canary, 0)] }],
    },
  };
}

/** A Service of the Rollout's namespace, by name. */
export type ServicesOf = (name: string) => Service | null;

function ofRoute(rollout: Rollout, target: Resource): Split | NoSplit {
  const route = target as HttpRoute;
  const rules = (route.spec.rules ?? []) as readonly Rule[];
  const { sectionName } = rollout.spec.targetRef;
  const { stable, canary } = rollout.spec;
  const named = rules.flatMap((rule, index) => {
    const isMeant =
      sectionName === undefined
        ? hasBoth(rule.backendRefs ?? [], "name", stable, canary)
        : rule.name === sectionName || String(index) === sectionName;
    return isMeant ? [{ rule, index }] : [];
  });
  const [found, second] = named;
  const what = `${target.kind} ${namespacedName(target)}`;
  if (found === undefined) {
    const which = sectionName === undefined ? `with both ${stable} and ${canary}` : sectionName;
    return no("TargetNotFound", `${what} has no rule ${which}.`);
  }
  if (second !== undefined) {
    const message = `${what} has ${named.length} rules with both ${stable} and ${canary}: say which by sectionName.`;
    return no("UnsupportedValue", message);
  }
  const { rule, index } = found;
  const backends = rule.backendRefs ?? [];
  const weights = read(backends, "name", rollout, what);
  if ("reason" in weights) return weights;
  return {
    weights,
    route: `${target.kind}/${namespacedName(target)}#${rule.name ?? index}`,
    with: (next) => {
      const backendRefs = write(backends, "name", rollout, next);
      const all = rules.map((one, at) => (at === index ? { ...one, backendRefs } : one));
      return { ...target, spec: { ...route.spec, rules: all } };
    },
  };
}

function ofTrafficSplit(rollout: Rollout, target: Resource): Split | NoSplit {
  const spec = target.spec as { readonly backends?: readonly Backend[] };
  const backends = spec.backends ?? [];
  const what = `TrafficSplit ${namespacedName(target)}`;
  const weights = read(backends, "service", rollout, what);
  if ("reason" in weights) return weights;
  return {
    weights,
    route: `TrafficSplit/${namespacedName(target)}#`,
    with: (next) => ({
      ...target,
      spec: { ...spec, backends: write(backends, "service", rollout, next) },
    }),
  };
}

function hasBoth(backends: readonly Backend[], by: string, stable: string, canary: string) {
  return [stable, canary].every((name) => backends.some((one) => one[by] === name));
}

function read(
  backends: readonly Backend[],
  by: "name" | "service",
  { spec: { stable, canary } }: Rollout,
  what: string,
): Weights | NoSplit {
  const names = backends.map((one) => one[by]);
  if (!hasBoth(backends, by, stable, canary) || names.length !== 2) {
    const message = `${what} leads to ${names.join(", ") || "nobody"}; a Rollout steps the two backends ${stable} and ${canary}, and no third.`;
    return no("UnsupportedValue", message);
  }
  const weightOf = (name: string) => backends.find((one) => one[by] === name)!.weight ?? 1;
  return { stable: weightOf(stable), canary: weightOf(canary) };
}

function write(
  backends: readonly Backend[],
  by: "name" | "service",
  { spec }: Rollout,
  weights: Weights,
): readonly Backend[] {
  return backends.map((one) => ({
    ...one,
    weight: one[by] === spec.canary ? weights.canary : weights.stable,
  }));
}

function no(reason: string, message: string): NoSplit {
  return { reason, message };
}

/** The kind and group of what a Rollout names. */
export function targetType({ spec: { targetRef } }: Rollout): {
  readonly kind: string;
  readonly group: string;
} {
  return { kind: targetRef.kind, group: rolloutTargets[targetRef.kind] };
}
