import type { RuleDoc, ServiceDoc } from "@heddle/mesh/model/document.ts";
import { defaultBackendPolicy } from "@heddle/mesh/policy/backend-policy.ts";
import type { Word } from "@heddle/mesh/resource/compile/policy-words.ts";
import { ruleWordsOf } from "@heddle/mesh/resource/compile/rule-policy.ts";
import { serviceWordsOf } from "@heddle/mesh/resource/compile/service-policy.ts";
import type { World } from "@heddle/mesh/resource/compile.ts";
import { isSameData } from "../revision/revision.ts";
import { ruleName } from "./frontend.ts";

/** One field of how requests are tried, limited and balanced, and who says it. */
export interface Limit {
  readonly field: string;
  readonly value: unknown;
  /** `TimeoutPolicy/default/kvs`, a rule, a service's annotation, or `default`. */
  readonly from: string;
}

type Words = Readonly<Record<string, Word<unknown> | undefined>>;

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
export function limitsOf(
  rule: RuleDoc | null,
  service: ServiceDoc | null,
  stated: World,
): readonly Limit[] {
  const found = new Map<string, Limit>();
  const words = service === null ? {} : wordsOfService(service, stated);
  const said = { ...service?.policy, ...(service?.fault == null ? {} : { fault: service.fault }) };
  const defaults = { ...defaultBackendPolicy } as Readonly<Record<string, unknown>>;
  for (const [field, value] of Object.entries(said)) {
    const isDefault = isSameData(value, defaults[field]);
    if (isDefault && (value === null || !ofRequests.has(field))) continue;
    const name = `Service/${service!.namespace}/${service!.name}`;
    found.set(field, { field, value, from: isDefault ? "default" : (words[field]?.from ?? name) });
  }
  for (const { name, ...value } of service?.admission?.rates ?? []) {
    found.set(name, { field: "rate", value, from: name });
  }
  if (rule === null) return [...found.values()];
  const byRule = wordsOfRule(rule, stated);
  const own = { ...rule.policy, requestTimeoutMs: rule.requestTimeoutMs, fault: rule.fault };
  for (const [field, value] of Object.entries(own)) {
    if (value === undefined || value === null) continue;
    const word = byRule[field];
    // What the rule says itself wins over any policy on it.
    const isPolicy = word !== undefined && isSameData(word.value, value);
    found.set(field, { field, value, from: isPolicy ? word.from : ruleName(rule) });
  }
  return [...found.values()];
}

function wordsOfService({ namespace, name }: ServiceDoc, stated: World): Words {
  const service = stated.find("Service", `${namespace}/${name}`);
  return service === null ? {} : (serviceWordsOf(service, stated) as Words);
}

/** What policies say of a rule, without its own stanzas. */
function wordsOfRule({ route, name }: RuleDoc, stated: World): Words {
  const [kind = "", ...key] = route.split("/");
  if (kind !== "HTTPRoute" && kind !== "GRPCRoute") return {};
  const resource = stated.find(kind, key.join("/"));
  if (resource === null) return {};
  const place = { route: resource, rule: name, world: stated };
  return ruleWordsOf({ requestTimeoutMs: null, policy: {} }, place) as Words;
}
