import type { EndpointsDoc, SlotsDoc } from "../../model/document.ts";
import type { Service } from "../core/service.ts";
import { compareText, namespacedName, namespaceOf } from "../meta.ts";
import { selects, type WorkloadView } from "./workload-view.ts";

/**
 * The processes of a service, now. A workload without `state` or address is none yet. `slots` says who keeps which
 * keys where a Placement holds; it comes from the store, since it must outlive this process.
 */
export function compileEndpoints(
  service: Service,
  workloads: Iterable<WorkloadView>,
  slots: SlotsDoc | null,
): EndpointsDoc {
  const endpoints = [];
  for (const view of workloads) {
    const { uid, name, inbound, identity, state, serves = null } = view;
    if (inbound === null || state === null || !selects(service, view)) continue;
    if (serves !== null && !serves.includes(namespacedName(service))) continue;
    endpoints.push({ uid, workload: name, address: inbound, identity, state });
  }
  endpoints.sort((a, b) => compareText(a.workload, b.workload) || compareText(a.uid, b.uid));
  return {
    kind: "endpoints",
    namespace: namespaceOf(service),
    name: service.metadata.name,
    endpoints,
    slots,
  };
}
