import { gatewayGroup } from "../gateway-api/reference.ts";
import type { Resource } from "../meta.ts";
import { dnsSubdomain, objectName } from "../schema/formats.ts";
import type { Problems } from "../schema/problem.ts";
import { list, object, oneOf, type Rule, required, type TypeOf, text } from "../schema/schema.ts";

/** What a policy may be about. */
export const policyTargetKinds = ["Service", "HTTPRoute", "GRPCRoute"] as const;

const policyTarget = object(
  {
    /** Default: the kind's own, so that `{ kind, name }` says enough. */
    group: text({ maxLength: 253 }),
    kind: required(oneOf(...policyTargetKinds)),
    name: required(objectName),
    /** A rule of the route, by its name; one without a name by its index, `"0"`. */
    sectionName: dnsSubdomain,
  },
  ({ group, kind, sectionName }, problems) => {
    const own = groupOf(kind);
    if (group !== undefined && group !== own && !(own === "" && group === "core")) {
      problems.add(`expected ${JSON.stringify(own)} for ${kind}, got "${group}"`, "group");
    }
    if (kind === "Service" && sectionName !== undefined) {
      problems.add("a Service has no rules; name an HTTPRoute or GRPCRoute", "sectionName");
    }
  },
);

/**
 * `targetRefs` of a policy (GEP-713, direct): Services and routes of its own namespace, or single rules of these. Of one kind on one
 * target the oldest holds; what is said of a rule wins over what is said of its route, and that over the Service, field by field.
 */
export const policyTargets = required(
  list(policyTarget, { minItems: 1, maxItems: 16, uniqueBy: ["kind", "name", "sectionName"] }),
);

/** The same for a policy that is about whole Services alone. */
export const wholeServiceTargets = required(
  list(policyTarget, { minItems: 1, maxItems: 16, uniqueBy: ["name"] }, (targets, problems) => {
    targets.forEach(({ kind }, index) => {
      if (kind !== "Service") problems.add(`expected Service, got "${kind}"`, index, "kind");
    });
  }),
);

export type PolicyTarget = TypeOf<typeof policyTarget>;

interface Targeting {
  readonly targetRefs: readonly PolicyTarget[];
}

/** Some fields hold for a whole Service alone, since all its callers and routes share what they are about. */
export function onServicesAlone<S extends Targeting>(...fields: (keyof S & string)[]): Rule<S> {
  return (spec, problems: Problems) => {
    const route = spec.targetRefs.find(({ kind }) => kind !== "Service");
    if (route === undefined) return;
    for (const field of fields) {
      if (spec[field] === undefined || spec[field] === null) continue;
      problems.add(`holds for Services alone, and ${route.kind} ${route.name} is targeted`, field);
    }
  };
}

/** A policy that says nothing is a mistake. */
export function saysOneOf<S extends object>(...fields: (keyof S & string)[]): Rule<S> {
  return (spec, problems: Problems) => {
    if (fields.every((field) => spec[field] === undefined || spec[field] === null)) {
      problems.add(`expected ${fields.length === 1 ? "" : "one or more of "}${fields.join(", ")}`);
    }
  };
}

/** The targets as a column shows them: `kvs`, `HTTPRoute/shop#checkout`. */
export function policyTargetNames(resource: Resource): string {
  const { targetRefs } = resource.spec as Targeting;
  return targetRefs.map(targetName).join(",");
}

export function targetName(target: {
  readonly kind: string;
  readonly name: string;
  readonly sectionName?: string;
}): string {
  const { kind, name, sectionName } = target;
  const rule = sectionName === undefined ? "" : `#${sectionName}`;
  return kind === "Service" ? name : `${kind}/${name}${rule}`;
}

function groupOf(kind: PolicyTarget["kind"]): string {
  return kind === "Service" ? "" : gatewayGroup;
}
