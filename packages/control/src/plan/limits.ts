import type { RuleDoc, ServiceDoc } from "@heddle/mesh/model/document.ts";
import { defaultBackendPolicy } from "@heddle/mesh/policy/backend-policy.ts";
import { isSameData } from "../revision/revision.ts";
import { ruleName } from "./frontend.ts";

/** One field of how requests are tried, limited and balanced, and who says it. */
export interface Limit {
  readonly field: string;
  readonly value: unknown;
  /** A rule, a service, or `default`. */
  readonly from: string;
}

/** Of a service only these say anything of a single request. */
const ofRequests: ReadonlySet<string> = new Set([
  "requestTimeoutMs",
  "connectTimeoutMs",
  "queueMax",
  "failfastMs",
  "picker",
]);

/**
 * What holds of requests of `rule` at `service`: the rule's own word before its service's, field by field.
 * @param rule null: no route is attached
 */
export function limitsOf(rule: RuleDoc | null, service: ServiceDoc | null): readonly Limit[] {
  const found = new Map<string, Limit>();
  const said = { ...service?.policy } as Readonly<Record<string, unknown>>;
  const defaults = { ...defaultBackendPolicy } as Readonly<Record<string, unknown>>;
  for (const [field, value] of Object.entries(said)) {
    const isDefault = isSameData(value, defaults[field]);
    if (isDefault && (value === null || !ofRequests.has(field))) continue;
    const from = isDefault ? "default" : `Service/${service!.namespace}/${service!.name}`;
    found.set(field, { field, value, from });
  }
  for (const rate of service?.admission?.rates ?? []) {
    const { name, ...value } = rate;
    found.set(name, { field: "rate", value, from: name });
  }
  if (rule === null) return [...found.values()];
  const own = { ...rule.policy, requestTimeoutMs: rule.requestTimeoutMs, fault: rule.fault };
  for (const [field, value] of Object.entries(own)) {
    if (value === undefined || value === null) continue;
    const limit = { field, value, from: ruleName(rule) };
    found.set(field, limit);
  }
  return [...found.values()];
}
