import type { WorkloadRow } from "@heddle/control/api/verbs.ts";
import { isOutside, isProxy } from "@heddle/mesh/history/endpoint-name.ts";
import type { EndpointName } from "@heddle/mesh/history/event.ts";
import type { RecordedHistories } from "@heddle/mesh/history/histories.ts";
import { servicesSeen } from "@heddle/mesh/history/views.ts";
import { findKindByWord } from "@heddle/mesh/resource/index.ts";
import type { ApiClient } from "../api/client.ts";
import { exits, Fault } from "../render/fault.ts";

/** Whose histories are asked for. */
export interface HistoryTarget {
  readonly kind: "workload" | "service" | "any";
  readonly name: string;
}

/** `workload/kvs-0`, `service/kvs`, or a name alone. @throws Fault 64. */
export function parseHistoryTarget(text: string): HistoryTarget {
  const [, kind, name] = /^(?:(\w+)\/)?([^/]+)$/.exec(text) ?? [];
  if (name !== undefined && kind === undefined) return { kind: "any", name };
  if (name !== undefined && /^(workloads?|wl)$/.test(kind!)) return { kind: "workload", name };
  if (name !== undefined && /^(services?|svc)$/.test(kind!)) return { kind: "service", name };
  throw new Fault(exits.usage, `"${text}": expected a name, workload/<name> or service/<name>`);
}

/** What a name alone means: a workload, also one that has gone, unless it is a Service's and no workload's. */
export async function resolveTarget(
  api: ApiClient,
  target: HistoryTarget,
  namespace: string,
): Promise<HistoryTarget> {
  if (target.kind !== "any") return target;
  const isNamed = (row: { readonly name: string }) => row.name === target.name;
  const rows = await api.verb<readonly WorkloadRow[]>("ps");
  if (rows.some((row) => isNamed(row) && row.namespace === namespace)) {
    return { kind: "workload", name: target.name };
  }
  const services = await api.list(findKindByWord("services")!, namespace);
  const isService = services.some(({ metadata }) => isNamed(metadata));
  return { kind: isService ? "service" : "workload", name: target.name };
}

/** The processes that are meant, by name; all of them without a target. @throws Fault where nothing is recorded. */
export function processesOf(
  recorded: RecordedHistories,
  target: HistoryTarget | null,
  namespace: string | null,
): readonly EndpointName[] {
  const processes = [...recorded.histories.keys()]
    .filter((endpoint) => !isProxy(endpoint) && !isOutside(endpoint))
    .filter((endpoint) => namespace === null || endpoint.startsWith(`${namespace}/`))
    .sort();
  if (target === null) return processes;
  const isWorkload = (endpoint: EndpointName) => endpoint.split("/")[1] === target.name;
  const servicesOf = servicesSeen(recorded);
  const isBehind = (endpoint: EndpointName) =>
    servicesOf(endpoint).some((service) => isCalled(service, target.name));
  const workloads = target.kind === "service" ? [] : processes.filter(isWorkload);
  if (workloads.length > 0) return workloads;
  const behind = target.kind === "workload" ? [] : processes.filter(isBehind);
  if (behind.length > 0) return behind;
  throw new Fault(
    exits.no,
    `nothing is recorded of ${target.kind === "any" ? "" : `${target.kind} `}"${target.name}"`,
    "heddle ps",
    "heddle history",
  );
}

/** Is `<namespace>/<name>:<port>` the service of that name? */
export function isCalled(service: string, name: string): boolean {
  return /\/(.*):\d+$/.exec(service)?.[1] === name;
}
