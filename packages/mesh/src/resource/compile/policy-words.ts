import type { BackendPolicyDoc, FaultDoc } from "../../model/document.ts";
import { grpcStatusWords } from "../../model/grpc-status.ts";
import type { RequestPolicyDoc } from "../../model/policy.ts";
import { sessionDoc } from "../gateway-api/session-persistence.ts";
import type { BalancingPolicy } from "../heddle/balancing-policy.ts";
import { pickerOfPolicy } from "../heddle/balancing-policy.ts";
import type { CircuitBreaker } from "../heddle/circuit-breaker.ts";
import type { Fault } from "../heddle/fault.ts";
import type { HealthCheck } from "../heddle/health-check.ts";
import { msOf } from "../heddle/policy-formats.ts";
import type { RetryPolicy } from "../heddle/retry-policy.ts";
import { type TimeoutPolicy, timeoutFields } from "../heddle/timeout-policy.ts";
import { resourceKey } from "../meta.ts";
import {
  affinityDoc,
  breakerDoc,
  budgetDoc,
  capsDoc,
  healthDoc,
  hedgeDoc,
  outlierDoc,
  retryDoc,
  slowStartDoc,
  subsetDoc,
  zonesDoc,
} from "./policy-docs.ts";
import type { AnyPolicy } from "./policy-place.ts";

/** A field, and who says it: `RetryPolicy/<namespace>/<name>`, `HTTPRoute/<namespace>/<name>#<rule>`, a Service's annotation. */
export interface Word<T> {
  readonly value: T;
  readonly from: string;
}

type WordsOf<D> = { readonly [K in keyof D]?: Word<NonNullable<D[K]>> };

/** What is said of requests: of those of one rule, of one route, or of all of a Service. */
export type RequestWords = WordsOf<
  RequestPolicyDoc & { readonly requestTimeoutMs: number; readonly fault: FaultDoc }
>;

/** What is said of a Service besides. */
export type ServiceWords = WordsOf<BackendPolicyDoc> & RequestWords;

/** Policies that speak to callers' proxies; those that destinations enforce are in `admission.ts`. */
export interface SaidPolicies {
  readonly retry: RetryPolicy | null;
  readonly timeout: TimeoutPolicy | null;
  readonly breaker: CircuitBreaker | null;
  readonly balancing: BalancingPolicy | null;
  readonly health: HealthCheck | null;
  readonly fault: Fault | null;
}

/** What policies on one target say of its requests. */
export function requestWords(said: Omit<SaidPolicies, "health">): RequestWords {
  const { retry, timeout, breaker, balancing, fault } = said;
  return {
    ...wordsOf(retry, ({ retry, hedge }) => ({
      ...(retry === undefined ? {} : { retry: retryDoc(retry) }),
      ...(hedge === undefined ? {} : { hedge: hedgeDoc(hedge) }),
    })),
    ...wordsOf(timeout, (spec) =>
      Object.fromEntries(
        timeoutFields.flatMap((field) => {
          const text = spec[field];
          return text === undefined ? [] : [[timeoutDocFields[field], msOf(text, "0s")]];
        }),
      ),
    ),
    ...wordsOf(breaker, ({ breaker }) =>
      breaker === undefined ? {} : { breaker: breakerDoc(breaker) },
    ),
    ...wordsOf(balancing, ({ sessionPersistence: session, subset }) => ({
      ...(session === undefined
        ? {}
        : {
            session: sessionDoc(
              session,
              session.type === "Header" ? "x-heddle-session" : "heddle-session",
            ),
          }),
      ...(subset === undefined ? {} : { subset: subsetDoc(subset) }),
    })),
    ...(fault === null ? {} : { fault: { value: faultDoc(fault), from: resourceKey(fault) } }),
  };
}

const timeoutDocFields = {
  request: "requestTimeoutMs",
  attempt: "attemptTimeoutMs",
  responseHeaders: "headTimeoutMs",
  idle: "idleTimeoutMs",
  streamLifetime: "lifetimeMs",
} as const satisfies Record<(typeof timeoutFields)[number], keyof RequestWords>;

/** What policies on a Service say of it, all callers and routes together. */
export function serviceWords(said: SaidPolicies): ServiceWords {
  const { retry, timeout, breaker, balancing, health } = said;
  return {
    ...requestWords(said),
    ...wordsOf(retry, ({ budget }) => (budget === undefined ? {} : { budget: budgetDoc(budget) })),
    ...wordsOf(timeout, ({ connect }) =>
      connect === undefined ? {} : { connectTimeoutMs: msOf(connect, "1s") },
    ),
    ...wordsOf(breaker, ({ outlier, limits, queue }) => ({
      ...(outlier === undefined ? {} : { outlier: outlierDoc(outlier) }),
      ...(limits === undefined ? {} : { caps: capsDoc(limits) }),
      ...(queue === undefined
        ? {}
        : { queueMax: queue.requests ?? 100, failfastMs: msOf(queue.failfast, "3s") }),
    })),
    ...wordsOf(balancing, balancingWords),
    ...wordsOf(health, (spec) => ({ health: healthDoc(spec) })),
  };
}

function balancingWords(spec: BalancingPolicy["spec"]): Partial<BackendPolicyDoc> {
  const { affinity, slowStart, zones, panicPercent } = spec;
  const picker = pickerOfPolicy(spec);
  return {
    ...(picker === null ? {} : { picker }),
    ...(affinity === undefined ? {} : { affinity: affinityDoc(affinity) }),
    ...(slowStart === undefined ? {} : { slowStart: slowStartDoc(slowStart) }),
    ...(zones === undefined ? {} : { zones: zonesDoc(zones) }),
    ...(panicPercent === undefined ? {} : { panicThreshold: panicPercent / 100 }),
  };
}

/** Several words of one Service or rule, the last of a field counts: of a route, then of its rule. */
export function overridden<W extends ServiceWords>(...words: readonly W[]): W {
  return Object.assign({}, ...words);
}

/** The fields alone, as documents have them. */
export function valuesOf<W extends ServiceWords>(
  words: W,
): { [K in keyof W]: W[K] extends Word<infer T> | undefined ? T : never } {
  const entries = Object.entries(words) as [string, Word<unknown>][];
  return Object.fromEntries(entries.map(([field, { value }]) => [field, value])) as never;
}

/** What a Fault does to the requests it strikes. */
export function faultDoc(fault: Fault): FaultDoc {
  const { seed = 0, callers, identities, delay, reset, abort, bandwidth } = fault.spec;
  return {
    name: resourceKey(fault).slice("Fault/".length),
    seed,
    callers: callers ?? null,
    delay: delay == null ? null : { share: delay.percent / 100, delayMs: delay.milliseconds },
    reset: reset == null ? null : { share: reset.percent / 100 },
    ...(identities == null ? {} : { identities }),
    ...(abort == null
      ? {}
      : {
          abort: {
            share: abort.percent / 100,
            status: abort.httpStatus ?? 503,
            grpcStatus: grpcStatusWords.indexOf(abort.grpcStatus ?? "Unavailable"),
          },
        }),
    ...(bandwidth == null
      ? {}
      : {
          bandwidth: {
            share: (bandwidth.percent ?? 100) / 100,
            bytesPerSecond: bandwidth.bytesPerSecond,
          },
        }),
  };
}

function wordsOf<P extends AnyPolicy, D extends object>(
  policy: P | null,
  read: (spec: P["spec"]) => D,
): WordsOf<D> {
  if (policy === null) return {};
  const from = resourceKey(policy);
  const entries = Object.entries(read(policy.spec)).map(([field, value]) => [
    field,
    { value, from },
  ]);
  return Object.fromEntries(entries) as WordsOf<D>;
}
