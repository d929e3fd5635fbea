import { parseDurationMs } from "../resource/schema/formats.ts";
import type { Evidence } from "./evidence.ts";
import { type ConstraintReport, Findings, nameOf } from "./report.ts";
import { isTunnel } from "./request.ts";
import { type NamedRule, rulesIn } from "./routing.ts";
import { type Ruled, routingOver, ruledOf } from "./ruled.ts";

/**
 * An exchange may last so much longer than its rule allows, in ms: the grain of the proxy's timers (10 ms) and what a
 * busy machine makes it wait for its turn.
 */
export const timeoutSlackMs = 250;

/**
 * No exchange of a rule with a time limit lasts longer than the limit. One that ran out of it was answered 504, or, its
 * answer having begun, was cut; none ran out before its time, or without a limit.
 */
export function checkTimeout(evidence: Evidence): ConstraintReport {
  const findings = new Findings("timeout", "every exchange", `+${timeoutSlackMs} ms`);
  const timeline = routingOver(evidence);
  for (const { value } of timeline.periods) {
    for (const { name, rule } of rulesIn(value)) {
      if (limitOf(rule) !== null) findings.ask(name);
    }
  }
  for (const ruled of ruledOf(evidence, timeline, findings)) judge(ruled, findings);
  return findings.report();
}

function judge({ seen, rule }: Ruled, findings: Findings): void {
  const { exchange, of, startWallMs } = seen;
  const limitMs = rule === null ? null : limitOf(rule.rule);
  const isOut = exchange.reason === "request-timeout";
  if (limitMs === null && !isOut) return;
  findings.judge();
  // A tunnel lasts as long as both sides want; the limit is for the answer that grants it.
  const overMs = isTunnel(exchange) ? exchange.headMs : exchange.endMs;
  const lastedMs = overMs - exchange.startMs;
  const violate = (what: string, expected: string, found: string) =>
    findings.violate({
      what: `${nameOf(seen)} ${what}`,
      processes: [of.workload],
      messages: [],
      about: rule?.name ?? `${exchange.service}:${exchange.servicePort}`,
      expected,
      found,
      atWallMs: startWallMs,
    });
  const lasted = `${Math.round(lastedMs)} ms, status ${exchange.status}`;
  if (limitMs === null) {
    violate("ran out of time, and no rule limits it", "no time limit", lasted);
  } else if (lastedMs > limitMs + timeoutSlackMs) {
    violate("lasted longer than its rule allows", `at most ${limitMs} ms`, lasted);
  } else if (isOut && lastedMs < limitMs - 1) {
    violate("ran out of time too early", `not before ${limitMs} ms`, lasted);
  } else if (isOut && exchange.status !== 504 && exchange.headMs < 0) {
    violate("ran out of time and was not answered so", "status 504, or an answer cut", lasted);
  }
}

/** The longest an exchange of this rule may last, in ms; 0s is no limit (GEP-1742). */
export function limitOf({ timeouts }: NamedRule["rule"]): number | null {
  const limits = [timeouts?.request, timeouts?.backendRequest].flatMap((text) => {
    const limitMs = text === undefined ? null : parseDurationMs(text);
    return limitMs === null || limitMs === 0 ? [] : [limitMs];
  });
  return limits.length === 0 ? null : Math.min(...limits);
}
