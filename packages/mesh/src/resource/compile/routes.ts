import type { MatchDoc, RoutesDoc, RuleDoc } from "../../model/document.ts";
import { type ConditionClaim, compareAge, type Resource } from "../meta.ts";
import { formatPath, type Path } from "../schema/path.ts";
import type { Problem } from "../schema/problem.ts";
import { accepted, type Refusal, resolvedRefs } from "./claims.ts";
import { consequence } from "./consequence.ts";
import { comparePrecedence, type RankedMatch } from "./precedence.ts";
import type { AttachedTo } from "./route-kind.ts";
import type { CompiledRule } from "./rule.ts";

/** A route whose requests are read, and its rules, compiled for one parent. */
export interface CompiledRoute {
  readonly route: Resource;
  readonly rules: readonly CompiledRule[];
}

/**
 * What a route says of itself where it is attached. With some of its rules not acted on it is accepted, and says which
 * (`PartiallyInvalid`); with all of them it is not. @param refusal why it is not attached
 */
export function routeConditions(
  { rules }: CompiledRoute,
  refusal: Refusal | null,
): readonly ConditionClaim[] {
  const bad = rules.filter(({ unsupported }) => unsupported.length > 0);
  const refusals = bad.flatMap(({ unsupported }) => unsupported.map(unsupportedValue));
  const resolved = resolvedRefs(rules.flatMap((rule) => rule.unresolved));
  if (refusal !== null) return [accepted([refusal]), resolved];
  if (bad.length === 0) return [accepted([], acceptedWords(rules)), resolved];
  if (bad.length === rules.length) return [accepted(refusals), resolved];
  const which = bad.map(({ rule }) => rule.name).join(", ");
  return [
    accepted([], acceptedWords(rules)),
    resolved,
    {
      type: "PartiallyInvalid",
      status: "True",
      reason: "UnsupportedValue",
      message: `Dropped Rule ${which}: ${refusals.map(({ message }) => message).join(" ")}`,
    },
  ];
}

function unsupportedValue({ path, message }: Problem): Refusal {
  return {
    reason: "UnsupportedValue",
    message: `heddle does not act on ${formatPath(path)} (${message}): ${consequence}.`,
  };
}

/** Which form of matching its regular expressions came to. */
function acceptedWords(rules: readonly CompiledRule[]): string {
  const patterns = rules.flatMap((rule) => rule.patterns);
  const forms = patterns.map(
    ({ path, form }) => `${formatPath(path)} as ${formWords[form] ?? form}`,
  );
  return forms.length === 0
    ? "Accepted."
    : `Accepted. Regular expressions are matched: ${forms.join(", ")}.`;
}

const formWords: Readonly<Record<string, string>> = {
  literal: "one text",
  prefix: "a prefix",
  segments: "segments",
  linear: "an automaton, in linear time",
};

/** What of its rules is not acted on, or leads nowhere. */
export function ruleProblems({ rules }: CompiledRoute): readonly Problem[] {
  return rules.flatMap(({ rule, unsupported, unresolved }, index) => {
    const isEmpty = rule.fails !== null && unsupported.length === 0;
    const path: Path = ["spec", "rules", index, "backendRefs"];
    return [
      ...unsupported.map(({ path, message }) => ({
        path,
        message: `heddle does not act on this (${message}): ${consequence}`,
      })),
      ...unresolved.map(({ path, message }) => ({ path, message })),
      ...(isEmpty ? [{ path, message: `no backend with a weight: ${consequence}` }] : []),
    ];
  });
}

/** All routes of one frontend, merged. The order in which they are given says nothing. */
export function mergeRoutes(attached: readonly AttachedTo<CompiledRoute>[]): RoutesDoc {
  const ordered = [...attached].sort((a, b) => compareAge(a.compiled.route, b.compiled.route));
  const rules: RuleDoc[] = [];
  const ranked: (RankedMatch & { readonly doc: MatchDoc })[] = [];
  for (const { compiled, hostnames } of ordered) {
    const { route } = compiled;
    compiled.rules.forEach(({ rule: doc, matches }, rule) => {
      const at = rules.push(doc) - 1;
      matches.forEach(({ match, rank }, index) => {
        for (const hostname of hostnames.length === 0 ? [""] : hostnames) {
          const doc = { rule: at, hostnames: hostname === "" ? [] : [hostname], ...match };
          ranked.push({ doc, hostname, rank, route, rule, index });
        }
      });
    });
  }
  ranked.sort(comparePrecedence);
  return { matches: ranked.map(({ doc }) => doc), rules };
}
