import { grpcStatusWords } from "../../model/grpc-status.ts";
import { buildKind } from "../kind.ts";
import { conditions, type Resource, type ResourceOf } from "../meta.ts";
import { dnsLabel } from "../schema/formats.ts";
import {
  defaulted,
  integer,
  list,
  object,
  oneOf,
  required,
  type TypeOf,
} from "../schema/schema.ts";
import { heddleGroup, heddleVersion } from "./group.ts";
import { percent, spiffeId } from "./policy-formats.ts";
import { policyTargetNames, policyTargets, saysOneOf } from "./policy-target.ts";

/** Faults that callers' proxies inject, for tests: the same seed and order of requests give the same faults. */
export const faultSpec = object(
  {
    targetRefs: policyTargets,
    /** Names of workloads whose requests are hit. Default: all. */
    callers: list(dnsLabel, { minItems: 1, maxItems: 256, uniqueBy: [] }),
    /** Callers by identity, as their certificates prove it; with `callers`, both must fit. Default: all. */
    identities: list(spiffeId, { minItems: 1, maxItems: 64, uniqueBy: [] }),
    seed: defaulted(integer({ minimum: 0 }), 0),
    /** So many of the requests wait so long before they are sent. */
    delay: object({
      percent: required(percent),
      milliseconds: required(integer({ minimum: 0, maximum: 3_600_000 })),
    }),
    /** The caller's connection is reset for so many, half of them before they are sent, half once they are answered. */
    reset: object({ percent: required(percent) }),
    /** So many are answered in place of the service: with `httpStatus`, or `grpcStatus` where the caller speaks gRPC. */
    abort: object({
      percent: required(percent),
      httpStatus: defaulted(integer({ minimum: 200, maximum: 599 }), 503),
      grpcStatus: defaulted(oneOf(...grpcStatusWords.slice(1)), "Unavailable"),
    }),
    /** Bodies of so many go no faster, each way. */
    bandwidth: object({
      percent: defaulted(percent, 100),
      bytesPerSecond: required(integer({ minimum: 1, maximum: 10_000_000_000 })),
    }),
  },
  saysOneOf("delay", "reset", "abort", "bandwidth"),
);

const faultStatus = object({ conditions });

export type FaultSpec = TypeOf<typeof faultSpec>;
export type Fault = ResourceOf<"Fault", FaultSpec, TypeOf<typeof faultStatus>>;

/** `heddle.dev Fault`: what `heddle verify --faults` makes while it drives. It goes with the workload that owns it. */
export const faultKind = buildKind({
  group: heddleGroup,
  version: heddleVersion,
  kind: "Fault",
  plural: "faults",
  isNamespaced: true,
  spec: faultSpec,
  status: faultStatus,
  columns: [
    { name: "TARGET", type: "text", value: policyTargetNames },
    { name: "DELAY", type: "text", value: (resource) => delayOf(specOf(resource)) },
    { name: "RESET", type: "text", value: (resource) => shareOf(specOf(resource).reset) },
    { name: "ABORT", type: "text", value: (resource) => abortOf(specOf(resource).abort) },
    {
      name: "BANDWIDTH",
      type: "text",
      isWide: true,
      value: (resource) => bandwidthOf(specOf(resource).bandwidth),
    },
    {
      name: "CALLERS",
      type: "text",
      value: (resource) => specOf(resource).callers?.join(",") ?? "all",
    },
  ],
});

function delayOf({ delay }: FaultSpec): string | null {
  return delay === undefined ? null : `${delay.milliseconds}ms for ${delay.percent}%`;
}

function shareOf(reset: FaultSpec["reset"]): string | null {
  return reset === undefined ? null : `${reset.percent}%`;
}

function abortOf(abort: FaultSpec["abort"]): string | null {
  return abort === undefined ? null : `${abort.httpStatus ?? 503} for ${abort.percent}%`;
}

function bandwidthOf(bandwidth: FaultSpec["bandwidth"]): string | null {
  if (bandwidth === undefined) return null;
  return `${bandwidth.bytesPerSecond} B/s for ${bandwidth.percent ?? 100}%`;
}

function specOf(resource: Resource): FaultSpec {
  return resource.spec as FaultSpec;
}
