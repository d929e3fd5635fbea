import type { Evidence } from "./evidence.ts";
import { isAsking, livesOf, type Seen } from "./records.ts";
import { type Findings, whileChanging, wordsOf } from "./report.ts";
import { type NamedRule, type Routing, routingIn, rulesFor, unjudgedRule } from "./routing.ts";
import { type Period, Timeline } from "./timeline.ts";

/** An exchange and the rule of intent that it fell under; null: the Service itself, without a rule. */
export interface Ruled {
  readonly seen: Seen;
  readonly period: Period<Routing>;
  readonly rule: NamedRule | null;
}

export function routingOver(evidence: Evidence): Timeline<Routing> {
  return new Timeline(evidence, routingIn);
}

/**
 * Every request that was asked, and every connection of octets that was made, of a service or a gateway while intent stayed the same, with its rule. Where the record
 * cannot tell it alone, the rule that the proxy says it took is believed if it is one of those that are possible.
 */
export function ruledOf(
  evidence: Evidence,
  timeline: Timeline<Routing>,
  findings: Findings,
): readonly Ruled[] {
  const ruled: Ruled[] = [];
  for (const life of livesOf(evidence.batches)) {
    for (const seen of life.exchanges) {
      if (!isAsking(seen)) continue;
      const { exchange } = seen;
      // Refused before a rule was looked for, or because of the path: no rule's business.
      if (exchange.route === null && exchange.backend === null) continue;
      const period = timeline.during(seen.startWallMs, seen.endWallMs);
      if (period === null) {
        findings.skip(whileChanging);
        continue;
      }
      const other = unjudgedRule(seen, period.value, evidence);
      if (other !== undefined) {
        ruled.push({ seen, period, rule: other });
        continue;
      }
      const possible = rulesFor(seen, period.value, evidence);
      if (possible === null && exchange.route === null) {
        ruled.push({ seen, period, rule: null });
        continue;
      }
      const rule = possible?.find(({ name }) => name === exchange.route) ?? null;
      if (rule !== null) ruled.push({ seen, period, rule });
      else wrongRule(seen, possible, findings);
    }
  }
  return ruled;
}

function wrongRule(
  { exchange, of, startWallMs }: Seen,
  possible: readonly NamedRule[] | null,
  findings: Findings,
): void {
  const { receivedPath: path = exchange.path } = exchange;
  findings.violate({
    what: `${wordsOf({ ...exchange, path })} of ${of.workload} fell under another rule than intent says`,
    processes: [of.workload],
    messages: [],
    about: exchange.service === "" ? of.workload : `${exchange.service}:${exchange.servicePort}`,
    expected: possible?.map(({ name }) => name).join(" or ") || "no rule",
    found: exchange.route ?? "no rule",
    atWallMs: startWallMs,
  });
}
