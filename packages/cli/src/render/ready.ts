import type { WorkloadRow } from "@heddle/control/api/verbs.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import type { Step } from "./progress.ts";

/** What must become ready: a Process or a Gateway of the manifest. */
export interface Expected {
  /** In the progress: `kvs`, `gateway front`. */
  readonly label: string;
  readonly kind: "Process" | "Gateway";
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
}

/** What of a set of resources runs: its Processes and Gateways, in its order. */
export function expectedOf(resources: readonly Resource[]): readonly Expected[] {
  return resources.flatMap(({ kind, metadata, spec }): Expected[] => {
    const { name, namespace = "default" } = metadata;
    const place = namespace === "default" ? name : `${namespace}/${name}`;
    if (kind === "Process") {
      const { replicas = 1 } = spec as { readonly replicas?: number };
      return [{ label: place, kind, namespace, name, replicas }];
    }
    if (kind !== "Gateway") return [];
    return [{ label: `gateway ${place}`, kind, namespace, name, replicas: 1 }];
  });
}

/** The line of the progress for one of them. `tookMs` is how long it has been expected. */
export function stepOf(
  expected: Expected,
  workloads: readonly WorkloadRow[],
  tookMs: number,
): Step {
  const own = workloads.filter(
    (row) =>
      row.namespace === expected.namespace &&
      (expected.kind === "Process" ? row.process : row.gateway) === expected.name &&
      !row.isDraining,
  );
  // A process that nobody has seen yet is not ready, whatever is said of its workload.
  const ready = own.filter((row) => row.isReady && (row.gateway ?? row.app) !== null);
  const count = `${ready.length}/${expected.replicas}`;
  const isReady = ready.length >= expected.replicas;
  if (isReady) {
    const urls = own.flatMap((row) => row.urls);
    const names = urls.length > 0 ? urls : ready.map((row) => row.name);
    return { name: expected.label, state: "good", detail: `${count}  ${names.join(" ")}`, tookMs };
  }
  const waiting = own.filter((row) => !ready.includes(row));
  const words = waiting.map((row) =>
    row.reason === null ? row.name : `${row.name} ${row.reason}`,
  );
  const detail = `${count}  ${words.join(", ")}`.trimEnd();
  return { name: expected.label, state: "waiting", detail, tookMs };
}

/** `6 processes, 7 proxies, mutual TLS on every edge`. `profile` is the Mesh's. */
export function formatCounts(workloads: readonly WorkloadRow[], profile: string): string {
  const processes = count(
    workloads.filter((row) => row.app !== null).length,
    "process",
    "processes",
  );
  switch (profile) {
    case "crawl":
      return `${processes}, no proxies: callers dial processes`;
    case "walk":
      return `${processes}, proxies among them: they run from files, in plain text`;
    default: {
      const proxies = workloads.filter((row) => row.proxy !== null).length;
      return `${processes}, ${count(proxies, "proxy", "proxies")}, mutual TLS on every edge`;
    }
  }
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
