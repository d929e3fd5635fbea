import type { Service } from "../resource/core/service.ts";
import { defaultNamespace, namespacedName, namespaceOf } from "../resource/meta.ts";
import { type Evidence, type IntentState, resourcesOf } from "./evidence.ts";

/** Who is meant to be a process of what, read from Processes, Services and Workloads alone. */

/** A Process, as far as it says who its workloads are. */
export interface Members {
  readonly process: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  readonly replicas: number;
}

export function membersIn(state: IntentState): readonly Members[] {
  return resourcesOf(state, "Process").map((process) => ({
    process: namespacedName(process),
    labels: process.metadata.labels ?? {},
    serviceAccount: process.spec.serviceAccountName ?? process.metadata.name,
    replicas: process.spec.replicas ?? 1,
  }));
}

/** Those that realise `service`: of its namespace, with every label of its selector. */
export function membersOf(
  service: Service | undefined,
  all: readonly Members[],
): readonly Members[] {
  const wanted = Object.entries(service?.spec.selector ?? {});
  if (service === undefined || wanted.length === 0) return [];
  return all.filter(
    ({ process, labels }) =>
      process.startsWith(`${namespaceOf(service)}/`) &&
      wanted.every(([name, value]) => labels[name] === value),
  );
}

/** The Process of a workload, `<process>-<ordinal>`, also of one that is long gone. */
export function processOf(
  workload: string,
  all: readonly Members[],
  { workloads }: Pick<Evidence, "workloads">,
): Members | null {
  const stored = workloads.find((one) => namespacedName(one) === workload)?.spec;
  if (stored !== undefined) {
    const namespace = workload.slice(0, workload.indexOf("/"));
    const process = stored.process === undefined ? null : `${namespace}/${stored.process}`;
    return all.find((one) => one.process === process) ?? null;
  }
  const name = /^(.+)-\d+$/.exec(workload)?.[1];
  return all.find(({ process }) => process === name) ?? null;
}

/** A workload's service account: of its Process, or of its own where it has none; null: nobody says. */
export function accountOf(
  workload: string,
  all: readonly Members[],
  evidence: Pick<Evidence, "workloads">,
): string | null {
  const process = processOf(workload, all, evidence);
  if (process !== null) return process.serviceAccount;
  const stored = evidence.workloads.find((one) => namespacedName(one) === workload);
  return stored?.spec.serviceAccountName ?? null;
}

export function serviceNamed(state: IntentState, key: string): Service | undefined {
  return resourcesOf(state, "Service").find((one) => namespacedName(one) === key);
}

/** `default` of `default/kvs`. */
export function namespaceOfKey(key: string): string {
  const slash = key.indexOf("/");
  return slash === -1 ? defaultNamespace : key.slice(0, slash);
}
