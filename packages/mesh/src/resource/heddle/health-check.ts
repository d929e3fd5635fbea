import { buildKind } from "../kind.ts";
import { conditions, type Resource, type ResourceOf } from "../meta.ts";
import { defaulted, integer, object, type TypeOf, text } from "../schema/schema.ts";
import { heddleGroup, heddleVersion } from "./group.ts";
import { notLonger, someTime } from "./policy-formats.ts";
import { policyTargetNames, wholeServiceTargets } from "./policy-target.ts";

const status = integer({ minimum: 100, maximum: 599 });
const times = integer({ minimum: 1, maximum: 100 });

const http = object({
  path: defaulted(
    text({ maxLength: 1024, pattern: /^\/[^\s]*$/, words: "a path that begins with /" }),
    "/",
  ),
  /** Statuses from `start` to `end`, both included, are well. */
  expectedStatuses: defaulted(
    object({ start: defaulted(status, 200), end: defaulted(status, 299) }, (range, problems) => {
      if (range.start! > range.end!) problems.add(`expected <= end, ${range.end}`, "start");
    }),
    {},
  ),
});

/** `grpc.health.v1.Health/Check`; `service` empty: the whole server. */
const grpc = object({ service: defaulted(text({ maxLength: 253 }), "") });

export const healthCheckSpec = object(
  {
    targetRefs: wholeServiceTargets,
    http,
    grpc,
    /** A connection is well. */
    tcp: object({}),
    interval: defaulted(someTime, "5s"),
    timeout: defaulted(someTime, "1s"),
    /** So many failures in a row take an endpoint out (Kubernetes: 3), so many successes bring it back (HAProxy `rise`: 2). */
    failureThreshold: defaulted(times, 3),
    successThreshold: defaulted(times, 2),
  },
  (spec, problems) => {
    const given = [spec.http, spec.grpc, spec.tcp].filter((way) => way !== undefined);
    if (given.length !== 1) problems.add("expected one of http, grpc, tcp");
  },
  notLonger("timeout", "interval"),
);

const healthCheckStatus = object({ conditions });

export type HealthCheckSpec = TypeOf<typeof healthCheckSpec>;
export type HealthCheck = ResourceOf<
  "HealthCheck",
  HealthCheckSpec,
  TypeOf<typeof healthCheckStatus>
>;

/** `heddle.dev HealthCheck`: callers ask endpoints whether they are well, whatever requests say. */
export const healthCheckKind = buildKind({
  group: heddleGroup,
  version: heddleVersion,
  kind: "HealthCheck",
  plural: "healthchecks",
  isNamespaced: true,
  spec: healthCheckSpec,
  status: healthCheckStatus,
  columns: [
    { name: "TARGET", type: "text", value: policyTargetNames },
    { name: "CHECK", type: "text", value: (one) => checkOf(specOf(one)) },
    { name: "INTERVAL", type: "text", value: (one) => specOf(one).interval ?? "5s" },
  ],
});

function checkOf(spec: HealthCheckSpec): string {
  if (spec.http !== undefined) return `GET ${spec.http.path ?? "/"}`;
  if (spec.grpc === undefined) return "tcp";
  return spec.grpc.service === "" ? "grpc" : `grpc ${spec.grpc.service}`;
}

function specOf(resource: Resource): HealthCheckSpec {
  return resource.spec as HealthCheckSpec;
}
