import { buildKind } from "../kind.ts";
import { conditions, type Resource, type ResourceOf } from "../meta.ts";
import { dnsLabel, portNumber } from "../schema/formats.ts";
import {
  boolean,
  defaulted,
  integer,
  list,
  object,
  oneOf,
  required,
  type TypeOf,
  text,
} from "../schema/schema.ts";
import { heddleGroup, heddleVersion } from "./group.ts";

/** One running process: on one machine what a Pod is in a cluster. Made by the control plane. */
export const workloadSpec = object(
  {
    /** The Process it is one of; */
    process: text(),
    /** or the Gateway it runs; */
    gateway: text(),
    /** or neither: a command run with `heddle exec`. */
    ordinal: defaulted(integer({ minimum: 0 }), 0),
    serviceAccountName: required(dnsLabel),
    /** The ports of its Process, by name and by what manifests call them. */
    ports: list(object({ name: required(text()), number: portNumber }), { uniqueBy: ["name"] }),
    /** As its Process says. */
    capture: oneOf("none", "transparent"),
  },
  (spec, problems) => {
    if (spec.process !== undefined && spec.gateway !== undefined) {
      problems.add("a workload of a Process runs no Gateway", "gateway");
    }
  },
);

const workloadStatus = object({
  phase: oneOf("Pending", "Running", "Draining", "Failed", "Succeeded"),
  /** Its process passes its readiness probe, or has none and runs. */
  ready: boolean(),
  /** Why not, in words. */
  reason: text(),
  restarts: integer(),
  pid: integer(),
  /** Where its proxy takes what others send it. */
  inbound: object({ host: required(text()), port: required(portNumber) }),
  /** Where the process listens, by name. */
  ports: list(object({ name: required(text()), port: required(portNumber) }), {
    uniqueBy: ["name"],
  }),
  conditions,
});

export type WorkloadSpec = TypeOf<typeof workloadSpec>;
export type WorkloadStatus = TypeOf<typeof workloadStatus>;
export type Workload = ResourceOf<"Workload", WorkloadSpec, WorkloadStatus>;

export const workloadKind = buildKind({
  group: heddleGroup,
  version: heddleVersion,
  kind: "Workload",
  plural: "workloads",
  shortNames: ["wl"],
  isNamespaced: true,
  isMade: true,
  name: dnsLabel,
  spec: workloadSpec,
  status: workloadStatus,
  columns: [
    { name: "READY", type: "text", value: (resource) => (statusOf(resource).ready ? "yes" : "no") },
    { name: "STATUS", type: "text", value: (resource) => statusOf(resource).phase ?? null },
    { name: "RESTARTS", type: "number", value: (resource) => statusOf(resource).restarts ?? 0 },
    {
      name: "REASON",
      type: "text",
      isWide: true,
      value: (resource) => statusOf(resource).reason ?? null,
    },
  ],
});

function statusOf(resource: Resource): WorkloadStatus {
  return (resource.status ?? {}) as WorkloadStatus;
}
