import type { BalancingPolicySpec } from "../resource/heddle/balancing-policy.ts";
import { namespacedName } from "../resource/meta.ts";
import { type Evidence, type IntentState, resourcesOf } from "./evidence.ts";
import { policyOn, saidIn } from "./policies.ts";
import { isAsking, type Life, livesOf, type Seen } from "./records.ts";
import { type ConstraintReport, Findings, whileChanging } from "./report.ts";
import { isCut, queryOf, segmentsOf } from "./request.ts";
import { Timeline } from "./timeline.ts";

type AffinityKey = NonNullable<BalancingPolicySpec["affinity"]>["keys"][number];

interface Affinities {
  readonly said: unknown;
  /** By service. */
  readonly of: Readonly<
    Record<string, { readonly keys: readonly AffinityKey[]; readonly requests: number }>
  >;
  /** Services of which endpoints may rest, or be found not to be well. */
  readonly rested: readonly string[];
  /** Services with sessions, whose tokens nobody records. */
  readonly sessions: readonly string[];
}

/** After a change of the endpoints, and at first, a proxy makes its table of keys while it answers: so many requests follow either. */
export const tableRequestsMax = 64;
/** The same where intent asks for a table that is made at once. */
const smallTableRequestsMax = 4;
const smallTableSize = 1_000;

/**
 * Between changes of its endpoints a caller sends what has one key to one endpoint. That they changed is seen by an attempt of this
 * caller that failed, or by a proxy of the Service that was started or was not there yet: after either a key may move, once.
 */
export function checkAffinity(evidence: Evidence): ConstraintReport {
  const findings = new Findings(
    "affinity",
    "per caller and key, between changes of the endpoints",
    `a move by the ${tableRequestsMax} requests after a failure, or a start`,
  );
  const timeline = new Timeline(evidence, affinitiesIn);
  for (const { value } of timeline.periods) {
    for (const service of Object.keys(value.of)) findings.ask(service);
  }
  const lives = livesOf(evidence.batches);
  for (const life of lives) judgeCaller(life, lives, timeline, findings);
  return findings.report();
}

function judgeCaller(
  life: Life,
  lives: readonly Life[],
  timeline: Timeline<Affinities>,
  findings: Findings,
): void {
  /** Where each key went last, and which request to its service that was. */
  const last = new Map<
    string,
    { readonly endpoint: string; readonly seen: Seen; readonly at: number }
  >();
  /** When each request to a service began; monotonic ms. */
  const begunMs = new Map<string, number[]>();
  /** When an attempt at a service failed last, by service; monotonic ms. */
  const failedMs = new Map<string, number>();
  for (const seen of life.exchanges) {
    const { exchange, of } = seen;
    const { backend } = exchange;
    if (!isAsking(seen) || backend === null) continue;
    const period = timeline.during(seen.startWallMs, seen.endWallMs);
    const isFailed =
      exchange.attempts.some(({ reason }) => reason !== null) ||
      exchange.reason !== null ||
      exchange.status >= 500;
    if (isFailed) failedMs.set(backend, Math.max(failedMs.get(backend) ?? 0, exchange.endMs));
    if (period === null) {
      findings.skip(whileChanging);
      continue;
    }
    if (period.value.rested.includes(backend)) {
      findings.skip("an endpoint that rested, or was not well, comes back unseen");
      continue;
    }
    if (period.value.sessions.includes(backend)) {
      findings.skip("a session may hold it, and its token is not recorded");
      continue;
    }
    const asked = period.value.of[backend];
    const [first] = exchange.attempts;
    if (asked === undefined || first === undefined || isFailed) continue;
    const key = keyOf(seen, asked.keys);
    if (key === null) continue;
    if (key === unrecorded) {
      findings.skip("header fields are not recorded");
      continue;
    }
    findings.judge();
    const begun = begunMs.get(backend) ?? [];
    begunMs.set(backend, begun);
    begun.push(exchange.startMs);
    const id = JSON.stringify([period.index, backend, key]);
    const before = last.get(id);
    last.set(id, { endpoint: first.endpointUid, seen, at: begun.length - 1 });
    if (before === undefined || before.endpoint === first.endpointUid) continue;
    const sinceMs = begun[before.at - asked.requests];
    if (sinceMs === undefined) continue; // its table was not whole
    const hasFailed = (failedMs.get(backend) ?? -1) >= sinceMs;
    if (hasFailed || hasStarted(lives, first.endpointUid, before.endpoint, sinceMs)) continue;
    findings.violate({
      what: `${of.workload} sent key ${String(key)} of ${backend} to another endpoint, and nothing had changed`,
      processes: [of.workload],
      messages: [],
      about: backend,
      expected: `${before.seen.exchange.attempts[0]!.endpoint}, as ${Math.round(exchange.startMs - before.seen.exchange.startMs)} ms before`,
      found: first.endpoint,
      atWallMs: seen.startWallMs,
    });
  }
}

/** Did the proxy of one of both begin to record, or end, since then? */
function hasStarted(lives: readonly Life[], one: string, other: string, sinceMs: number): boolean {
  return [one, other].some((uid) => {
    const own = lives.filter((life) => life.uid === uid);
    const starts = own.flatMap(({ batches }) => batches.map((batch) => batch.sinceMs));
    return own.length === 0 || starts.some((startMs) => startMs > sinceMs);
  });
}

/** The key is where the record does not look. */
const unrecorded = Symbol("unrecorded");

/** The first key that a request has, in its caller's words; null: it has none. */
function keyOf({ exchange, of }: Seen, keys: readonly AffinityKey[]): string | symbol | null {
  for (const { header, cookie, pathSegment, query, source, identity } of keys) {
    if (header !== undefined || cookie !== undefined) return unrecorded;
    if (source === true || identity === true) return of.uid;
    if (isCut(exchange.path)) return unrecorded;
    const value =
      pathSegment !== undefined
        ? (segmentsOf(exchange.path)[pathSegment - 1] ?? null)
        : queryOf(exchange.path, query!);
    if (value !== null) return value;
  }
  return null;
}

function affinitiesIn(state: IntentState): Affinities {
  const services = resourcesOf(state, "Service").map(namespacedName);
  const found = services.flatMap((service) => {
    const target = { kind: "Service", name: service, rule: null };
    const affinity = policyOn(state, "BalancingPolicy", target)?.spec.affinity;
    const isPlaced = resourcesOf(state, "Placement").some(
      (one) =>
        `${one.metadata.namespace ?? "default"}/` === `${service.split("/")[0]}/` &&
        one.spec.targetRefs.some(({ name }) => service.endsWith(`/${name}`)),
    );
    // Where a Placement holds, keys are bound for good, and its own checker says so.
    if (affinity === undefined || isPlaced) return [];
    const isSmall = (affinity.tableSize ?? Number.POSITIVE_INFINITY) <= smallTableSize;
    const requests = isSmall ? smallTableRequestsMax : tableRequestsMax;
    return [[service, { keys: affinity.keys, requests }] as const];
  });
  const sessions = services.filter((service) => {
    const target = { kind: "Service", name: service, rule: null };
    const own = policyOn(state, "BalancingPolicy", target)?.spec.sessionPersistence;
    const other = policyOn(state, "XBackendTrafficPolicy", target)?.spec.sessionPersistence;
    return own !== undefined || other !== undefined;
  });
  const rested = [...resourcesOf(state, "CircuitBreaker"), ...resourcesOf(state, "HealthCheck")];
  return {
    rested: rested.flatMap((one) =>
      one.spec.targetRefs.map(({ name }) => `${one.metadata.namespace ?? "default"}/${name}`),
    ),
    said: saidIn(
      state,
      "CircuitBreaker",
      "HealthCheck",
      "BalancingPolicy",
      "XBackendTrafficPolicy",
      "Process",
      "Service",
      "Placement",
    ),
    of: Object.fromEntries(found),
    sessions,
  };
}
