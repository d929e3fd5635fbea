import type { Rng } from "../base/rng.ts";
import { compileFilters } from "../filter/index.ts";
import type { MatchDoc, RoutesDoc, RuleDoc } from "../model/document.ts";
import { normalPath } from "../model/normal-path.ts";
import { EffectivePolicy, sessionsOf } from "../policy/request-policy.ts";
import { RouteTable } from "./match.ts";
import type { Entry, Rule, RuleBackend } from "./rule.ts";
import { SmoothWeighted } from "./weighted.ts";

/**
 * The routes of one frontend, ready to match.
 * @param rng where weighted backends start; null: each with its heaviest
 */
export function compileRoutes(doc: RoutesDoc, rng: Rng | null): RouteTable {
  const rules = doc.rules.map((rule) => compileRule(rule, rng));
  const exact = new Map<string, Entry[]>();
  const prefixes = new Map<string, Entry[]>();
  const everywhere: Entry[] = [];
  for (const [order, match] of doc.matches.entries()) {
    const entry = compileMatch(match, rules[match.rule]!, order);
    const path = normalPath(match.path.value) ?? match.path.value;
    if (match.path.type === "exact") append(exact, path, entry);
    else if (path === "/") everywhere.push(entry);
    else append(prefixes, path, entry);
  }
  return new RouteTable(rules, exact, prefixes, everywhere);
}

function compileRule(doc: RuleDoc, rng: Rng | null): Rule {
  const name = `${doc.route}#${doc.name}`;
  const policy = doc.policy ?? null;
  const sessions = sessionsOf(name, policy);
  const backends = doc.backends.map((backend): [RuleBackend, number] => [
    {
      target: backend.backend,
      filters: compileFilters(backend.filters),
      fails: backend.fails ?? "invalid-backend",
      policy: new EffectivePolicy(name, policy, sessions),
    },
    backend.weight,
  ]);
  return {
    name,
    fails: doc.fails,
    filters: compileFilters(doc.filters),
    requestTimeoutMs: doc.requestTimeoutMs,
    backends: new SmoothWeighted(backends, rng),
    all: backends.map(([backend]) => backend),
    sessions,
    fault: doc.fault ?? null,
    isTold: doc.isTold ?? false,
  };
}

function compileMatch(match: MatchDoc, rule: Rule, order: number): Entry {
  return {
    order,
    rule,
    hostnames: orNull(match.hostnames.map((name) => name.toLowerCase())),
    method: match.method,
    headers: orNull(match.headers),
    query: orNull(match.query),
  };
}

function orNull<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list;
}

function append(map: Map<string, Entry[]>, key: string, entry: Entry): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [entry]);
  else list.push(entry);
}
