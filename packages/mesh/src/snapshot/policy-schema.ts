import * as v from "valibot";
import {
  type AdmissionDoc,
  type AffinityDoc,
  type BackendTlsDoc,
  type HealthCheckDoc,
  pickerNames,
  type RequestPolicyDoc,
} from "../model/policy.ts";
import { durationMs, share, text, whole } from "../model/schema-parts.ts";

/** The schemas of policies, exactly as `model/policy.ts` types them; of those in a service's document the entries. */

const number = v.pipe(v.number(), v.minValue(0, "a number >= 0"), v.finite("a finite number"));
const httpStatus = v.pipe(whole, v.minValue(100, "a status"), v.maxValue(599, "a status"));
const grpcStatus = v.pipe(whole, v.maxValue(16, "a status of gRPC, 0 to 16"));
const priority = v.pipe(whole, v.maxValue(9, "a priority, 0 to 9"));
const positive = v.pipe(whole, v.minValue(1, "a number >= 1"));

const retry = v.strictObject({
  retriesMax: whole,
  codes: v.array(httpStatus),
  grpcCodes: v.array(grpcStatus),
  connectionErrors: v.boolean(),
  backoff: v.strictObject({ baseMs: durationMs, maxMs: durationMs }),
  methods: v.picklist(["safe", "all"]),
  bodyBytesMax: whole,
});
const hedge = v.strictObject({ delayMs: durationMs, attemptsMax: positive });
const breaker = v.strictObject({
  failuresMax: whole,
  rate: v.nullable(
    v.strictObject({ successMin: share, windowMs: durationMs, requestsMin: positive }),
  ),
  penalty: v.strictObject({ minMs: durationMs, maxMs: durationMs, jitter: number }),
  ejectedMax: share,
});
const session = v.strictObject({
  in: v.variant("kind", [
    v.strictObject({
      kind: v.literal("cookie"),
      name: text,
      path: text,
      permanent: v.boolean(),
    }),
    v.strictObject({ kind: v.literal("header"), name: text }),
  ]),
  absoluteTimeoutMs: v.nullable(durationMs),
});
const subset = v.strictObject({
  labels: v.array(
    v.strictObject({
      label: text,
      is: v.union([v.strictObject({ value: v.string() }), v.strictObject({ header: text })]),
    }),
  ),
  fallback: v.picklist(["any", "none"]),
});

/** Of a rule's policy, and part of a service's. */
export const requestPolicyEntries = {
  attemptTimeoutMs: v.exactOptional(durationMs),
  headTimeoutMs: v.exactOptional(durationMs),
  idleTimeoutMs: v.exactOptional(durationMs),
  lifetimeMs: v.exactOptional(durationMs),
  retry: v.exactOptional(retry),
  hedge: v.exactOptional(hedge),
  breaker: v.exactOptional(breaker),
  session: v.exactOptional(session),
  subset: v.exactOptional(subset),
};
export const requestPolicy: v.GenericSchema<unknown, RequestPolicyDoc> =
  v.strictObject(requestPolicyEntries);

const affinity: v.GenericSchema<unknown, AffinityDoc> = v.strictObject({
  keys: v.array(
    v.variant("kind", [
      v.strictObject({ kind: v.literal("header"), name: text }),
      v.strictObject({ kind: v.literal("cookie"), name: text }),
      v.strictObject({ kind: v.literal("path-segment"), index: positive }),
      v.strictObject({ kind: v.literal("query"), name: text }),
      v.strictObject({ kind: v.literal("source") }),
      v.strictObject({ kind: v.literal("identity") }),
    ]),
  ),
  tableSize: v.exactOptional(positive),
});
const outlier = v.strictObject({
  intervalMs: durationMs,
  consecutive5xx: whole,
  ejection: v.strictObject({ baseMs: durationMs, maxMs: durationMs }),
  ejectedMax: share,
  successRate: v.nullable(
    v.strictObject({ hostsMin: whole, requestsMin: whole, stdevFactor: number }),
  ),
  failureShare: v.nullable(
    v.strictObject({ threshold: share, hostsMin: whole, requestsMin: whole }),
  ),
});
const health: v.GenericSchema<unknown, HealthCheckDoc> = v.strictObject({
  check: v.variant("protocol", [
    v.strictObject({
      protocol: v.literal("http"),
      path: v.pipe(v.string(), v.startsWith("/", "an absolute path")),
      statuses: v.strictTuple([httpStatus, httpStatus]),
    }),
    v.strictObject({ protocol: v.literal("grpc"), service: v.string() }),
    v.strictObject({ protocol: v.literal("tcp") }),
  ]),
  intervalMs: durationMs,
  timeoutMs: durationMs,
  unhealthyAfter: positive,
  healthyAfter: positive,
});

/** Of a service's policy, besides what is always there. */
export const backendPolicyEntries = {
  ...requestPolicyEntries,
  picker: v.picklist(pickerNames),
  affinity: v.exactOptional(affinity),
  slowStart: v.exactOptional(
    v.strictObject({ windowMs: durationMs, aggression: number, weightMin: share }),
  ),
  zones: v.exactOptional(v.strictObject({ endpointsMin: whole, overprovisioning: number })),
  panicThreshold: v.exactOptional(share),
  outlier: v.exactOptional(outlier),
  caps: v.exactOptional(
    v.strictObject({
      connectionsMax: v.exactOptional(whole),
      pendingMax: v.exactOptional(whole),
      requestsMax: v.exactOptional(whole),
      retriesMax: v.exactOptional(whole),
    }),
  ),
  health: v.exactOptional(health),
  budget: v.exactOptional(
    v.strictObject({ ratio: number, perSecondMin: number, windowMs: positive }),
  ),
};

export const admission: v.GenericSchema<unknown, AdmissionDoc> = v.strictObject({
  rates: v.array(
    v.strictObject({
      name: text,
      route: v.nullable(text),
      by: v.variant("kind", [
        v.strictObject({ kind: v.literal("all") }),
        v.strictObject({ kind: v.literal("identity") }),
        v.strictObject({ kind: v.literal("header"), name: text }),
      ]),
      identities: v.nullable(v.array(text)),
      requests: whole,
      perMs: positive,
      burst: positive,
      scope: v.picklist(["replica", "service"]),
    }),
  ),
  concurrency: v.nullable(
    v.strictObject({
      min: positive,
      initial: positive,
      max: positive,
      tolerance: number,
      priority,
      priorityHeader: v.nullable(text),
      priorities: v.array(v.strictObject({ route: text, priority })),
    }),
  ),
});

export const backendTls: v.GenericSchema<unknown, BackendTlsDoc> = v.strictObject({
  serverName: text,
  ca: v.nullable(text),
  names: v.array(text),
  fails: v.nullable(text),
});
