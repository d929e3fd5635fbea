import type { RuleDoc } from "../../model/document.ts";
import type { RequestPolicyDoc } from "../../model/policy.ts";
import { namespacedName, type Resource } from "../meta.ts";
import { saidOn } from "./policies-on.ts";
import { speaksOf } from "./policy-place.ts";
import {
  overridden,
  type RequestWords,
  requestWords,
  valuesOf,
  type Word,
} from "./policy-words.ts";
import type { ResourceKey } from "./tables.ts";
import type { World } from "./world.ts";

/** What a rule of an HTTPRoute or GRPCRoute says itself of how its requests are tried. */
export interface OwnRulePolicy {
  /** Null: nothing. */
  readonly requestTimeoutMs: number | null;
  readonly policy: RequestPolicyDoc;
}

/** The rule that it is about. */
export interface RulePlace {
  readonly route: Resource;
  /** The rule's name, or its index. */
  readonly rule: string;
  readonly world: World;
}

/** What its document says of it. */
export function compileRulePolicy(
  words: RequestWords,
  place: RulePlace,
): Pick<RuleDoc, "requestTimeoutMs" | "policy" | "fault" | "isTold"> {
  const { requestTimeoutMs = null, fault, ...policy } = valuesOf(words);
  return {
    requestTimeoutMs,
    ...(Object.keys(policy).length > 0 && { policy }),
    ...(fault !== undefined && { fault }),
    ...(isTold(place) && { isTold: true }),
  };
}

/** What is said of a rule, field by field, and by whom: policies on its route, on itself, then its own stanzas. */
export function ruleWordsOf(own: OwnRulePolicy, place: RulePlace): RequestWords {
  const { route, rule, world } = place;
  const { kind, metadata } = route;
  const of = { kind, name: metadata.name };
  const target = targetOf(route);
  return overridden<RequestWords>(
    requestWords(saidOn(target, { ...of, rule: null }, world)),
    requestWords(saidOn(target, { ...of, rule }, world)),
    ownWords(own, `${target}#${rule}`),
  );
}

function ownWords({ requestTimeoutMs, policy }: OwnRulePolicy, from: string): RequestWords {
  const said = { ...policy, ...(requestTimeoutMs !== null && { requestTimeoutMs }) };
  const words = Object.entries(said).map(([field, value]): [string, Word<unknown>] => [
    field,
    { value, from },
  ]);
  return Object.fromEntries(words) as RequestWords;
}

/** Do destinations ask which rule it was? Those do that limit its rate, or know its priority. */
function isTold({ route, rule, world }: RulePlace): boolean {
  const target = targetOf(route);
  const of = { kind: route.kind, name: route.metadata.name };
  return [
    ...world.attached("RateLimit", target),
    ...world.attached("ConcurrencyLimit", target),
  ].some((one) => speaksOf(one, { ...of, rule: null }) || speaksOf(one, { ...of, rule }));
}

function targetOf(route: Resource): ResourceKey {
  return `${route.kind as "HTTPRoute"}/${namespacedName(route)}`;
}
