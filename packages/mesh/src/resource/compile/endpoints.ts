import type { EndpointDoc, EndpointsDoc, SlotsDoc } from "../../model/document.ts";
import type { Service } from "../core/service.ts";
import { compareText, namespacedName, namespaceOf } from "../meta.ts";
import { priorityLabel, selects, type WorkloadView, zoneOf } from "./workload-view.ts";

/**
 * The processes of a service, now. A workload without `state` or address is none yet. `slots` says who keeps which
 * keys where a Placement holds; it comes from the store, since it must outlive this process. Of labels endpoints bring those
 * that subsets ask for, no others.
 */
export function compileEndpoints(
  service: Service,
  workloads: Iterable<WorkloadView>,
  slots: SlotsDoc | null,
  labelsWanted: ReadonlySet<string> = noLabels,
): EndpointsDoc {
  const endpoints: EndpointDoc[] = [];
  for (const view of workloads) {
    const { uid, name, inbound, identity, state, serves = null } = view;
    if (inbound === null || state === null || !selects(service, view)) continue;
    if (serves !== null && !serves.includes(namespacedName(service))) continue;
    const endpoint = { uid, workload: name, address: inbound, identity, state };
    endpoints.push({ ...endpoint, ...preferences(view, labelsWanted) });
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

const noLabels: ReadonlySet<string> = new Set();

/** By what callers prefer one endpoint to another; what says nothing is left out. */
function preferences(
  view: WorkloadView,
  labelsWanted: ReadonlySet<string>,
): Pick<EndpointDoc, "zone" | "priority" | "labels"> {
  const zone = zoneOf(view);
  const said = view.labels[priorityLabel] ?? "";
  const priority = /^[0-9]{1,3}$/.test(said) ? Number(said) : 0;
  const labels = Object.entries(view.labels).filter(([name]) => labelsWanted.has(name));
  return {
    ...(zone === undefined ? {} : { zone }),
    ...(priority === 0 ? {} : { priority }),
    ...(labels.length === 0 ? {} : { labels: Object.fromEntries(labels) }),
  };
}
