import type { RateLimit, RateLimitRule } from "../resource/heddle/rate-limit.ts";
import { namespacedName } from "../resource/meta.ts";
import { parseDurationMs } from "../resource/schema/formats.ts";
import { type Evidence, type IntentState, resourcesOf } from "./evidence.ts";
import { HealthChecks } from "./health-checks.ts";
import { type Members, membersIn, membersOf, serviceNamed } from "./members.ts";
import { policyOn, saidIn } from "./policies.ts";
import { livesOf, type Seen } from "./records.ts";
import { type ConstraintReport, Findings, whileChanging } from "./report.ts";
import { Timeline } from "./timeline.ts";

/** A bucket may let so much more in than it says, as a share: proxies learn of each other's coming and going one after the other. */
export const rateSlack = 0.1;

/** One limit of one Service, and over how many processes it is parted. */
interface Limited {
  readonly name: string;
  readonly service: string;
  readonly rule: RateLimitRule;
  readonly replicas: number;
}

interface Limits {
  readonly said: unknown;
  readonly limits: readonly Limited[];
  /** Services that a limit may be about by way of a route. */
  readonly byRoute: boolean;
}

/**
 * No process of a Service takes in more than its RateLimits let in: of any requests in a row at most the burst, and what the rate
 * grants in their time. Of scope `service` the processes together; one that starts anew begins with a full bucket of its own. And
 * nobody is refused where nothing limits. What is not recorded can only have been more.
 */
export function checkRate(evidence: Evidence): ConstraintReport {
  const findings = new Findings(
    "rate",
    "per limit, and what it tells apart",
    `+${100 * rateSlack} % and one for each process`,
  );
  const timeline = new Timeline(evidence, limitsIn);
  for (const { value } of timeline.periods) {
    for (const { name } of value.limits) findings.ask(name);
  }
  const checks = new HealthChecks(evidence);
  const buckets = new Map<string, { readonly limit: Limited; readonly admitted: Seen[] }>();
  for (const { exchanges } of livesOf(evidence.batches)) {
    for (const seen of exchanges) {
      const { exchange, of } = seen;
      if (exchange.direction !== "inbound") continue;
      const period = timeline.during(seen.startWallMs, seen.endWallMs);
      if (period === null) {
        findings.skip(whileChanging);
        continue;
      }
      const here = period.value.limits.filter(({ service }) => service === exchange.service);
      if (exchange.reason === "rate-limited") judgeRefusal(seen, here, period.value, findings);
      else if (isTakenIn(seen) && !checks.has(seen)) {
        for (const limit of here) {
          const key = keyOf(seen, limit.rule);
          if (key === null) continue;
          if (key === unrecorded) {
            findings.skip("header fields are not recorded");
            continue;
          }
          findings.judge();
          const replica = limit.rule.scope === "replica" ? of.uid : "";
          const id = JSON.stringify([period.index, limit.name, key, replica]);
          const bucket = buckets.get(id) ?? { limit, admitted: [] };
          buckets.set(id, bucket);
          bucket.admitted.push(seen);
        }
      }
    }
  }
  for (const { limit, admitted } of buckets.values()) judgeBucket(limit, admitted, findings);
  return findings.report();
}

/** What a proxy answered itself was let in by none of its limits, or only later. */
function isTakenIn({ exchange }: Seen): boolean {
  return exchange.attempts.some(({ sentMs }) => sentMs >= 0);
}

function judgeRefusal(
  seen: Seen,
  here: readonly Limited[],
  { byRoute }: Limits,
  findings: Findings,
): void {
  const { exchange, of, startWallMs } = seen;
  findings.judge();
  if (here.length > 0 || byRoute) return;
  findings.violate({
    what: `${of.workload} refused a request for its rate, and no RateLimit is about ${exchange.service}`,
    processes: [of.workload],
    messages: [],
    about: exchange.service,
    expected: "no limit",
    found: exchange.detail === "" ? "429" : exchange.detail,
    atWallMs: startWallMs,
  });
}

/** The bucket fills up between requests, and each takes one out of it. */
function judgeBucket(limit: Limited, admitted: readonly Seen[], findings: Findings): void {
  const { rule, replicas, name } = limit;
  const { requests, per = "1s", burst = requests, scope = "service" } = rule;
  const perMs = parseDurationMs(per)!;
  const parts = scope === "service" ? Math.max(1, replicas) : 1;
  const ordered = [...admitted].sort((a, b) => a.exchange.startMs - b.exchange.startMs);
  const lives = new Set(ordered.map(({ of }) => `${of.uid} ${of.life}`)).size;
  const own = Math.max(1, burst / parts);
  // Each process that took part has, or had, a bucket of its own.
  const holds = Math.max(burst, own * Math.max(lives, scope === "service" ? parts : 1));
  const most = holds * (1 + rateSlack) + Math.max(lives, parts);
  const ratePerMs = (requests / perMs) * (1 + rateSlack);
  let level = 0;
  let lastMs = Number.NEGATIVE_INFINITY;
  let since = 0;
  for (const [index, seen] of ordered.entries()) {
    const { startMs } = seen.exchange;
    const drained = level - ratePerMs * (startMs - lastMs);
    if (!(drained > 0)) since = index;
    level = Math.max(0, drained) + 1;
    lastMs = startMs;
    if (level <= most) continue;
    const [first, count] = [ordered[since]!, index - since + 1];
    const tookMs = Math.round(startMs - first.exchange.startMs);
    findings.violate({
      what: `${limit.service} took in ${count} requests within ${tookMs} ms`,
      processes: [...new Set(ordered.slice(since, index + 1).map(({ of }) => of.workload))],
      messages: [],
      about: name,
      expected: `at most ${Math.floor(most + ratePerMs * tookMs)}: ${requests} per ${per}, burst ${burst}`,
      found: `${count}`,
      atWallMs: seen.startWallMs,
    });
    return;
  }
}

/** What a limit tells apart and the record does not have. */
const unrecorded = Symbol("unrecorded");

/** Whose bucket it is; null: the limit is not about this caller. */
function keyOf({ exchange }: Seen, { by, identities }: RateLimitRule): string | symbol | null {
  const { peer } = exchange.front;
  if (identities !== undefined && (peer === null || !identities.includes(peer))) return null;
  if (by?.header !== undefined) return unrecorded;
  return by?.identity === true ? (peer ?? "") : "";
}

function limitsIn(state: IntentState): Limits {
  const members = membersIn(state);
  const services = resourcesOf(state, "Service").map(namespacedName);
  const limits = services.flatMap((service) => {
    const policy = policyOn(state, "RateLimit", { kind: "Service", name: service, rule: null });
    return policy === null ? [] : limitsOf(policy, service, replicasOf(state, service, members));
  });
  const byRoute = resourcesOf(state, "RateLimit").some(({ spec }) =>
    spec.targetRefs.some(({ kind }) => kind !== "Service"),
  );
  return { said: saidIn(state, "RateLimit", "Process", "Service"), limits, byRoute };
}

function limitsOf(policy: RateLimit, service: string, replicas: number): readonly Limited[] {
  return policy.spec.limits.map((rule, index) => ({
    name: `RateLimit/${namespacedName(policy)}[${index}]`,
    service,
    rule,
    replicas,
  }));
}

function replicasOf(state: IntentState, service: string, members: readonly Members[]): number {
  return membersOf(serviceNamed(state, service), members).reduce(
    (sum, { replicas }) => sum + replicas,
    0,
  );
}
