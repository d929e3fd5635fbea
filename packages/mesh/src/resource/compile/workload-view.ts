import type { Address } from "../../model/address.ts";
import type { EndpointState, WorkloadDoc } from "../../model/document.ts";
import type { ServiceKey } from "../../model/service-key.ts";
import type { Service } from "../core/service.ts";

/** One workload as the compiler sees it: intent (its Workload) and the world (what the supervisor observes) in one. */
export interface WorkloadView extends WorkloadDoc {
  readonly labels: Readonly<Record<string, string>>;
  /** Where the process listens. */
  readonly ports: readonly WorkloadPort[];
  /** Name of the Gateway it runs, in its namespace; null for a process. */
  readonly gateway: string | null;
  /** Where peers reach it: its proxy, or without proxies the process. Null while unknown. */
  readonly inbound: Address | null;
  /** Null: not an endpoint of anything yet (its proxy has not acknowledged that it is). */
  readonly state: EndpointState | null;
  /** Services that its proxy has acknowledged it serves: it is no endpoint of others yet. Null or absent: all. */
  readonly serves?: readonly ServiceKey[] | null;
  /** Is its process captured (`Process.spec.capture: transparent`)? Absent: no. */
  readonly isCaptured?: boolean;
}

export interface WorkloadPort {
  readonly name: string;
  /** What manifests call it; null where its Process gives no number. */
  readonly number: number | null;
  readonly address: Address;
}

/** Is the workload one of the Service's processes? A Service without selector has none of ours. */
export function selects(
  service: Service,
  workload: Pick<WorkloadView, "namespace" | "labels">,
): boolean {
  const { selector } = service.spec;
  if (selector === undefined) return false;
  if ((service.metadata.namespace ?? "default") !== workload.namespace) return false;
  let isAsked = false;
  // Asked for each pair of a mesh: nothing is allocated.
  for (const name in selector) {
    if (workload.labels[name] !== selector[name]) return false;
    isAsked = true;
  }
  return isAsked;
}

/** The zone a workload runs in (Kubernetes' well-known label); undefined: none is said. */
export function zoneOf({ labels }: Pick<WorkloadView, "labels">): string | undefined {
  return labels["topology.kubernetes.io/zone"];
}

/** Which of a Service's processes are asked first: 0, then 1 where those do not suffice, and so on. */
export const priorityLabel = "heddle.dev/priority";
