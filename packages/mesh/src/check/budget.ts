import { namespacedName } from "../resource/meta.ts";
import { parseDurationMs } from "../resource/schema/formats.ts";
import { type Evidence, type IntentState, resourcesOf } from "./evidence.ts";
import { policyOn, saidIn } from "./policies.ts";
import { isAsking, livesOf, missingAmong, type Seen } from "./records.ts";
import { type ConstraintReport, Findings, whileChanging } from "./report.ts";
import { Timeline } from "./timeline.ts";

/** How many attempts beyond the first a caller may add to a Service's load. */
interface Budget {
  readonly ratio: number;
  readonly perSecondMin: number;
  readonly windowMs: number;
}

interface Budgets {
  readonly said: unknown;
  readonly of: Readonly<Record<string, Budget>>;
}

/** Linkerd's, and GEP-3388's: what holds where nothing is said. */
export const usualBudget: Budget = { ratio: 0.2, perSecondMin: 10, windowMs: 10_000 };
/** A proxy forgets by tenths of the window. */
const grain = 1.1;

/**
 * Whatever fails: in no window does a caller add more attempts to a Service than the budget's share of its requests, of this window
 * and the one before, and what is free. A budget there always is, so that retries make no outage worse. Requests that are not recorded
 * may have been there, and have earned their share.
 */
export function checkBudget(evidence: Evidence): ConstraintReport {
  const findings = new Findings(
    "budget",
    "per caller and service, over each window",
    "a tenth of the window",
  );
  const timeline = new Timeline(evidence, budgetsIn);
  for (const { value } of timeline.periods) {
    for (const service of Object.keys(value.of)) findings.ask(service);
  }
  for (const life of livesOf(evidence.batches)) {
    const runs = new Map<string, { readonly budget: Budget; readonly run: Seen[] }>();
    for (const seen of life.exchanges) {
      const { backend } = seen.exchange;
      if (!isAsking(seen) || backend === null) continue;
      const period = timeline.during(seen.startWallMs, seen.endWallMs);
      if (period === null) {
        findings.skip(whileChanging);
        continue;
      }
      const budget = period.value.of[backend];
      if (budget === undefined) continue;
      findings.judge();
      const key = `${period.index} ${backend}`;
      const known = runs.get(key) ?? { budget, run: [] };
      runs.set(key, known);
      known.run.push(seen);
    }
    for (const { budget, run } of runs.values()) judgeRun(run, budget, findings);
  }
  return findings.report();
}

function judgeRun(run: readonly Seen[], budget: Budget, findings: Findings): void {
  const { ratio, perSecondMin, windowMs } = budget;
  const extra = run
    .flatMap((seen) => seen.exchange.attempts.slice(1).map(({ sentMs }) => ({ sentMs, seen })))
    .map(({ sentMs, seen }) => ({ seen, atMs: sentMs >= 0 ? sentMs : seen.exchange.startMs }))
    .sort((a, b) => a.atMs - b.atMs);
  if (extra.length === 0) return;
  const missing = missingAmong(run[0]!.of, run);
  const starts = run.map(({ exchange }) => exchange.startMs).sort((a, b) => a - b);
  const free = (perSecondMin * windowMs) / 1000;
  let from = 0;
  for (const [index, { atMs, seen }] of extra.entries()) {
    while (extra[from]!.atMs < atMs - windowMs) from++;
    const count = index - from + 1;
    const requests = between(starts, atMs - 2 * windowMs * grain, atMs) + missing;
    const most = (ratio * requests + free) * grain + 1;
    if (count <= most) continue;
    const { exchange, of, startWallMs } = seen;
    findings.violate({
      what: `${of.workload} added ${count} attempts to ${exchange.backend} within ${windowMs / 1000} s`,
      processes: [of.workload],
      messages: [],
      about: exchange.backend!,
      expected: `at most ${Math.floor(most)}: ${100 * ratio} % of ${requests} requests, and ${perSecondMin} a second`,
      found: `${count}`,
      atWallMs: startWallMs,
    });
    return;
  }
}

/** How many of `sorted` are from `fromMs` to `toMs`. */
function between(sorted: readonly number[], fromMs: number, toMs: number): number {
  return sorted.filter((atMs) => atMs >= fromMs && atMs <= toMs).length;
}

function budgetsIn(state: IntentState): Budgets {
  const services = resourcesOf(state, "Service")
    .filter(({ spec }) => spec.type !== "ExternalName")
    .map(namespacedName);
  return {
    said: saidIn(state, "RetryPolicy", "XBackendTrafficPolicy"),
    of: Object.fromEntries(services.map((service) => [service, budgetOf(state, service)])),
  };
}

function budgetOf(state: IntentState, service: string): Budget {
  const target = { kind: "Service", name: service, rule: null };
  const said = policyOn(state, "RetryPolicy", target)?.spec.budget;
  if (said !== undefined) {
    const { percent = 20, perSecondMin = 10, window = "10s" } = said;
    return { ratio: percent / 100, perSecondMin, windowMs: parseDurationMs(window)! };
  }
  const constraint = policyOn(state, "XBackendTrafficPolicy", target)?.spec.retryConstraint;
  if (constraint === undefined) return usualBudget;
  const { percent = 20, interval = "10s" } = constraint.budget ?? {};
  const { count = 10, interval: per = "1s" } = constraint.minRetryRate ?? {};
  return {
    ratio: percent / 100,
    perSecondMin: (count * 1000) / parseDurationMs(per)!,
    windowMs: parseDurationMs(interval)!,
  };
}
