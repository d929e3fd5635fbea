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

/** The processes that are meant; all of them without a target. @throws Fault where nothing is recorded of the target. */
export function processesOf(
  recorded: RecordedHistories,
  target: HistoryTarget | null,
  namespace: string | null,
): readonly EndpointName[] {
  const found = findProcesses(recorded, target, namespace);
  if (found.length > 0 || target === null) return found;
  throw new Fault(
    exits.no,
    `nothing is recorded of ${target.kind === "any" ? "" : `${target.kind} `}"${target.name}"`,
    "heddle ps",
    "heddle history",
  );
}

/** The processes that are meant, by name. A gateway has none: its proxy is meant. */
export function findProcesses(
  recorded: RecordedHistories,
  target: HistoryTarget | null,
  namespace: string | null,
): readonly EndpointName[] {
  const endpoints = [...recorded.histories.keys()]
    .filter((endpoint) => namespace === null || endpoint.startsWith(`${namespace}/`))
    .filter((endpoint) => !isOutside(endpoint))
    .sort();
  const processes = endpoints.filter((endpoint) => !isProxy(endpoint));
  if (target === null) return processes;
  if (target.kind !== "service") {
    const own = endpoints.filter((endpoint) => endpoint.split("/")[1] === target.name);
    if (own.length > 0) return own.length > 1 ? own.filter((each) => !isProxy(each)) : own;
  }
  if (target.kind === "workload") return [];
  const servicesOf = servicesSeen(recorded);
  return processes.filter((endpoint) =>
    servicesOf(endpoint).some((service) => isCalled(service, target.name)),
  );
}

/** Is `<namespace>/<name>:<port>` the service of that name? */
function isCalled(service: string, name: string): boolean {
  return /\/(.*):\d+$/.exec(service)?.[1] === name;
}
