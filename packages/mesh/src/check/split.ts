import { isOpaque } from "../history/exchange.ts";
import type { PortProtocol } from "../model/protocol.ts";
import { namespacedName, namespaceOf } from "../resource/meta.ts";
import type { Evidence } from "./evidence.ts";
import { policyOn } from "./policies.ts";
import { missingAmong, type Seen } from "./records.ts";
import { type ConstraintReport, Findings } from "./report.ts";
import { type NamedRule, type Routing, rulesIn } from "./routing.ts";
import { type Ruled, routingOver, ruledOf } from "./ruled.ts";

/**
 * Each caller's requests of one rule go to its backends by their weights. Smooth weighting promises more than chance
 * would: of any n requests in a row a backend with share s gets s·n, off by less than the number of backends, for no
 * backend's credit exceeds that many turns. Requests are counted, not attempts: a retry stays with its backend. What a
 * record does not have may have gone either way, and widens the bound by as much. Of a TLSRoute connections are counted.
 */
export function checkSplit(evidence: Evidence): ConstraintReport {
  const findings = new Findings(
    "split",
    "per caller and rule, within one constant intent",
    "fewer requests than the rule has backends",
  );
  const timeline = routingOver(evidence);
  for (const { value } of timeline.periods) {
    for (const { name, rule } of rulesIn(value)) {
      if ((rule.backendRefs ?? []).length > 1) findings.ask(name);
    }
  }
  const runs = new Map<string, Ruled[]>();
  for (const ruled of ruledOf(evidence, timeline, findings)) {
    if (ruled.rule === null) {
      judgeUnruled(ruled, findings);
      continue;
    }
    const { of } = ruled.seen;
    const { exchange } = ruled.seen;
    // Where a port carries both, connections of octets have turns of their own.
    const what = `${exchange.servicePort} ${isOpaque(exchange)}`;
    const key = `${of.uid} ${of.life} ${ruled.period.index} ${ruled.rule.name} ${what}`;
    const run = runs.get(key) ?? [];
    runs.set(key, run);
    run.push(ruled);
  }
  for (const run of runs.values()) judgeRun(run, findings);
  return findings.report();
}

/** Without a rule the Service that was asked is the one that is meant. */
function judgeUnruled({ seen }: Ruled, findings: Findings): void {
  const { exchange, of, startWallMs } = seen;
  if (exchange.backend === null) return;
  const asked = `${exchange.service}:${exchange.servicePort}`;
  const found = `${exchange.backend}:${exchange.backendPort}`;
  findings.judge();
  if (found === asked) return;
  findings.violate({
    what: `${of.workload} asked ${asked}, no rule leads elsewhere, and it went elsewhere`,
    processes: [of.workload],
    messages: [],
    about: asked,
    expected: asked,
    found,
    atWallMs: startWallMs,
  });
}

/** The share of requests that fails, because what they are meant for does not exist. */
const nobody = "nobody";

function judgeRun(run: readonly Ruled[], findings: Findings): void {
  const { rule, period, seen } = run[0]!;
  if (!areActedOn(rule!.rule.filters)) {
    findings.skip("its rule cannot be acted on, as its conditions say", run.length);
    return;
  }
  if (isHeld(rule!, period.value)) {
    findings.skip("a session may hold it, and its token is not recorded", run.length);
    return;
  }
  const weights = weightsOf(rule!, period.value, seen);
  const sum = [...weights.values()].reduce((total, weight) => total + weight, 0);
  const counts = new Map<string, number>();
  const counted: Seen[] = [];
  for (const { seen: one } of run) {
    const to = backendOf(one);
    if (to === null) continue;
    counted.push(one);
    counts.set(to, (counts.get(to) ?? 0) + 1);
  }
  const total = counted.length;
  findings.judge(total);
  const missing = missingAmong(seen.of, counted);
  if (missing > 0) findings.skip("not recorded, or of other rules", missing);
  const live = (rule!.rule.backendRefs ?? []).filter(({ weight = 1 }) => weight > 0).length || 1;
  const violate = (to: string, expected: string) =>
    findings.violate({
      what: `${seen.of.workload}: ${to} got ${counts.get(to) ?? 0} of ${total} ${seen.exchange.protocol === "tls" ? "connections" : "requests"} of ${rule!.name}`,
      processes: [seen.of.workload],
      messages: [],
      about: rule!.name,
      expected,
      found: `${counts.get(to) ?? 0} of ${total}${missing === 0 ? "" : `, ${missing} not recorded`}`,
      atWallMs: counted.at(-1)?.startWallMs ?? seen.startWallMs,
    });
  for (const to of counts.keys()) {
    if ((weights.get(to) ?? 0) === 0) {
      violate(to, weights.has(to) ? "none: its weight is 0" : "none: the rule does not name it");
    }
  }
  for (const [to, weight] of weights) {
    if (weight === 0) continue;
    const count = counts.get(to) ?? 0;
    const share = weight / sum;
    // Of the missing ones this backend got between none and all.
    const isTooMany = count - (total + missing) * share >= live;
    const isTooFew = (total + missing) * share - (count + missing) >= live;
    if (isTooMany || isTooFew) {
      violate(to, `${(share * total).toFixed(1)}, off by less than ${live}`);
    }
  }
}

/** Whose turn it was; null: none was chosen. */
function backendOf({ exchange }: Seen): string | null {
  if (exchange.backend !== null) return `${exchange.backend}:${exchange.backendPort}`;
  if (exchange.reason === "no-endpoint" && exchange.attempts.length === 0) return nobody;
  return exchange.reason === "invalid-backend" ? nobody : null;
}

const ofRequests: readonly PortProtocol[] = ["detect", "http", "http1", "h2c"];

/** What a port must speak for rules of a kind to lead there. */
const carries: Readonly<Record<string, readonly PortProtocol[]>> = {
  HTTPRoute: ofRequests,
  GRPCRoute: ofRequests,
  TLSRoute: ["detect", "tls"],
};

/** @param seen one of the rule's: a TrafficSplit's backends have the port that was asked, and carry octets or requests as it did */
function weightsOf(
  { rule, route }: NamedRule,
  { ports, services }: Routing,
  { exchange }: Seen,
): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  const ofSplit = isOpaque(exchange) ? undefined : ofRequests;
  for (const { name, namespace, port, weight = 1, filters } of rule.backendRefs ?? []) {
    const service = `${namespace ?? namespaceOf(route)}/${name}`;
    const named = `${service}:${port || exchange.servicePort}`;
    const protocol = ports[named]?.protocol;
    // A split's backend that has no such port takes no part; one that is not there keeps its share, which fails.
    if (port === 0 && protocol === undefined && services.includes(service)) continue;
    const known = route.kind === "TrafficSplit" ? ofSplit : carries[route.kind];
    const isReached = protocol !== undefined && (known === undefined || known.includes(protocol));
    const to = isReached && areActedOn(filters) ? named : nobody;
    weights.set(to, (weights.get(to) ?? 0) + weight);
  }
  if ([...weights.values()].every((weight) => weight === 0)) weights.set(nobody, 1);
  return weights;
}

/** May a client stay with the backend that answered it first, whatever the weights? */
function isHeld({ rule, route, name }: NamedRule, { policies }: Routing): boolean {
  if ((rule as { sessionPersistence?: unknown }).sessionPersistence !== undefined) return true;
  const state = { fromWallMs: 0, resources: policies };
  const target = { kind: route.kind, name: namespacedName(route) };
  return [null, name.slice(name.indexOf("#") + 1)].some(
    (of) =>
      policyOn(state, "BalancingPolicy", { ...target, rule: of })?.spec.sessionPersistence !==
      undefined,
  );
}

const filtersActedOn: ReadonlySet<string> = new Set([
  "RequestHeaderModifier",
  "ResponseHeaderModifier",
  "URLRewrite",
  "RequestMirror",
  "RequestRedirect",
  "CORS",
]);

/** A filter that is not acted on makes what has it fail, rather than send requests where nobody wanted them. */
function areActedOn(filters: readonly { readonly type: string }[] = []): boolean {
  return filters.every(({ type }) => filtersActedOn.has(type));
}
