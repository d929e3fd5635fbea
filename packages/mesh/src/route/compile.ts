import type { Rng } from "../base/rng.ts";
import { compileFilters } from "../filter/index.ts";
import type {
  FieldMatchDoc,
  MatchDoc,
  PathMatchDoc,
  RoutesDoc,
  RuleDoc,
} from "../model/document.ts";
import { normalPath } from "../model/normal-path.ts";
import { octetsOf } from "../model/octets.ts";
import { EffectivePolicy, sessionsOf } from "../policy/request-policy.ts";
import { RouteTable } from "./match.ts";
import { isPatternFault, type Pattern, readPattern } from "./pattern.ts";
import type { Entry, FieldTest, Rule, RuleBackend } from "./rule.ts";
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
    const place = compilePath(match.path);
    for (const entry of compileMatch(match, rules[match.rule]!, order, place)) {
      if (place.at === "everywhere") everywhere.push(entry);
      else append(place.at === "exact" ? exact : prefixes, place.path, entry);
    }
  }
  return new RouteTable(rules, { exact, prefixes, everywhere });
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

/** Where the table has a match, and what of the path is still to be asked there. */
interface Place {
  readonly at: "exact" | "prefix" | "everywhere";
  readonly path: string;
  readonly pattern: Pattern | null;
  /** Its pattern cannot be read: what it would match is not known. */
  readonly isBroken: boolean;
}

function compilePath({ type, value }: PathMatchDoc): Place {
  const plain = { pattern: null, isBroken: false };
  if (type === "exact") return { at: "exact", path: normalPath(value) ?? value, ...plain };
  if (type === "prefix") {
    const path = normalPath(value) ?? value;
    return { at: path === "/" ? "everywhere" : "prefix", path, ...plain };
  }
  const pattern = readPattern(value, type === "regex" ? "full" : "start");
  const everywhere = { at: "everywhere", path: "/" } as const;
  if (isPatternFault(pattern)) return { ...everywhere, pattern: null, isBroken: true };
  const { form, start } = pattern;
  if (form === "literal") return { at: "exact", path: start, ...plain };
  if (form === "prefix" && start === "") return { ...everywhere, ...plain };
  // Whole segments with which every path that fits begins.
  const segments = start.slice(0, Math.max(0, start.lastIndexOf("/")));
  if (segments === "") return { ...everywhere, pattern, isBroken: false };
  return { at: "prefix", path: segments, pattern, isBroken: false };
}

/** An entry for each host name. What a pattern that cannot be read asks is taken to be so, and the rule cannot be acted on. */
function compileMatch(match: MatchDoc, to: Rule, order: number, place: Place): readonly Entry[] {
  const headers = compileFields(match.headers);
  const query = compileFields(match.query);
  const isBroken = place.isBroken || headers === "broken" || query === "broken";
  const rule: Rule = isBroken ? { ...to, fails: "unsupported" } : to;
  const hostnames = match.hostnames.length === 0 ? [null] : match.hostnames;
  return hostnames.map((hostname) => ({
    order,
    rule,
    hostname: hostname?.toLowerCase() ?? null,
    method: match.method,
    pattern: place.pattern,
    headers: headers === "broken" ? null : headers,
    query: query === "broken" ? null : query,
  }));
}

function compileFields(fields: readonly FieldMatchDoc[]): readonly FieldTest[] | "broken" | null {
  if (fields.length === 0) return null;
  const tests: FieldTest[] = [];
  for (const { name, value, type } of fields) {
    const pattern = type === "regex" ? readPattern(value, "full") : null;
    if (pattern !== null && isPatternFault(pattern)) return "broken";
    tests.push({ name, value: octetsOf(value), pattern });
  }
  return tests;
}

function append(map: Map<string, Entry[]>, key: string, entry: Entry): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [entry]);
  else list.push(entry);
}
