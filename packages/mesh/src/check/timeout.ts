import { namespacedName } from "../resource/meta.ts";
import { parseDurationMs } from "../resource/schema/formats.ts";
import type { Evidence } from "./evidence.ts";
import { policyOn } from "./policies.ts";
import { type ConstraintReport, Findings, nameOf } from "./report.ts";
import { isTunnel } from "./request.ts";
import { type NamedRule, type Routing, rulesIn } from "./routing.ts";
import { type Ruled, routingOver, ruledOf } from "./ruled.ts";

/**
 * An exchange may last so much longer than its rule allows, in ms: the grain of the proxy's timers (10 ms) and what a
 * busy machine makes it wait for its turn.
 */
export const timeoutSlackMs = 250;

/**
 * No exchange lasts longer than its rule, or a TimeoutPolicy on its rule, route or Service, allows; one that ran out of its time was
 * answered 504, or, its answer having begun, was cut; none ran out before its time, or without a limit. And no attempt waits longer for
 * the head of its reply than it may.
 */
export function checkTimeout(evidence: Evidence): ConstraintReport {
  const findings = new Findings(
    "timeout",
    "every exchange, every attempt",
    `+${timeoutSlackMs} ms`,
  );
  const timeline = routingOver(evidence);
  for (const { value } of timeline.periods) {
    for (const rule of rulesIn(value)) {
      const { requestMs, attemptMs } = limitsOf(rule, null, value);
      if (requestMs !== null || attemptMs !== null) findings.ask(rule.name);
    }
    for (const policy of value.policies) {
      if (policy.kind === "TimeoutPolicy") findings.ask(namespacedName(policy));
    }
  }
  for (const ruled of ruledOf(evidence, timeline, findings)) judge(ruled, findings);
  return findings.report();
}

function judge(ruled: Ruled, findings: Findings): void {
  const { seen, rule, period } = ruled;
  const { exchange, of, startWallMs } = seen;
  const service = exchange.backend ?? (exchange.service === "" ? null : exchange.service);
  const { requestMs: limitMs, attemptMs, isOther } = limitsOf(rule, service, period.value);
  const isOut = exchange.reason === "request-timeout";
  if (limitMs === null && attemptMs === null && !isOut) return;
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
  if (attemptMs !== null) judgeAttempts(seen, attemptMs, violate);
  if (limitMs === null && attemptMs === null) {
    if (!isOther) violate("ran out of time, and no rule limits it", "no time limit", lasted);
    return;
  }
  const shortest = Math.min(
    limitMs ?? Number.POSITIVE_INFINITY,
    attemptMs ?? Number.POSITIVE_INFINITY,
  );
  if (limitMs !== null && lastedMs > limitMs + timeoutSlackMs) {
    violate("lasted longer than its rule allows", `at most ${limitMs} ms`, lasted);
  } else if (isOut && !isOther && lastedMs < shortest - 1) {
    violate("ran out of time too early", `not before ${shortest} ms`, lasted);
  } else if (isOut && exchange.status !== 504 && exchange.headMs < 0) {
    violate("ran out of time and was not answered so", "status 504, or an answer cut", lasted);
  }
}

type Violate = (what: string, expected: string, found: string) => void;

/** From when the request was sent to the head of its reply. */
function judgeAttempts({ exchange }: Ruled["seen"], attemptMs: number, violate: Violate): void {
  const last = exchange.attempts.length - 1;
  const waited = exchange.attempts.flatMap(({ sentMs, replyMs }, index) => {
    // One that came to nothing was over when the next began, but for the last.
    const overMs = replyMs >= 0 ? replyMs : index === last ? exchange.endMs : -1;
    return sentMs >= 0 && overMs >= 0 ? [overMs - sentMs] : [];
  });
  const longest = Math.max(0, ...waited);
  if (longest <= attemptMs + timeoutSlackMs) return;
  const found = `${Math.round(longest)} ms`;
  violate("waited longer for one attempt than its rule allows", `at most ${attemptMs} ms`, found);
}

interface TimeLimits {
  /** The longest an exchange may last; null: as long as it likes. */
  readonly requestMs: number | null;
  /** The longest an attempt may wait for the head of its reply. */
  readonly attemptMs: number | null;
  /** Is there a limit of another kind, by which it may have run out of time, too? */
  readonly isOther: boolean;
}

/** A rule's own word before a policy's on it, that on its route, and that on the Service; 0s is no limit (GEP-1742). */
function limitsOf(
  rule: NamedRule | null,
  service: string | null,
  { policies }: Routing,
): TimeLimits {
  const state = { fromWallMs: 0, resources: policies };
  const said = [
    ...(rule === null
      ? []
      : [rule.name.slice(rule.name.indexOf("#") + 1), null].map((of) => ({
          kind: rule.route.kind,
          name: namespacedName(rule.route),
          rule: of,
        }))),
    ...(service === null ? [] : [{ kind: "Service", name: service, rule: null }]),
  ].map((target) => policyOn(state, "TimeoutPolicy", target)?.spec);
  const { timeouts } = rule?.rule ?? {};
  const first = (own: string | undefined, field: "request" | "attempt"): number | null => {
    const text = own ?? said.find((spec) => spec?.[field] !== undefined)?.[field];
    const limitMs = text === undefined ? null : parseDurationMs(text);
    return limitMs === 0 ? null : limitMs;
  };
  return {
    requestMs: first(timeouts?.request, "request"),
    attemptMs: first(timeouts?.backendRequest, "attempt"),
    isOther: policies.some(({ kind }) => kind === "TimeoutPolicy"),
  };
}
