import type { EndpointRow, RevisionRow, WorkloadRow } from "@heddle/control/api/verbs.ts";
import type { Backing } from "@heddle/mesh/history/addressing.ts";
import { findKindByWord } from "@heddle/mesh/resource/index.ts";
import type { ApiClient } from "./client.ts";

/** Intent as the API tells it now, and when it last changed. */
export interface BackingFacts {
  /** `<namespace>/<name>` of all Services. */
  readonly services: ReadonlySet<string>;
  readonly endpoints: readonly EndpointRow[];
  readonly workloads: readonly WorkloadRow[];
  readonly revisions: readonly RevisionRow[];
}

/** Which workloads back which services, as intent has it. */
export async function fetchBacking(api: ApiClient): Promise<Backing> {
  const [services, endpoints, workloads, revisions] = await Promise.all([
    api.list(findKindByWord("services")!, null),
    api.verb<readonly EndpointRow[]>("endpoints"),
    api.verb<readonly WorkloadRow[]>("ps"),
    api.verb<readonly RevisionRow[]>("revisions"),
  ]);
  const names = services.map(
    ({ metadata }) => `${metadata.namespace ?? "default"}/${metadata.name}`,
  );
  return backingOf({ services: new Set(names), endpoints, workloads, revisions });
}

/**
 * Selectors and labels are those of now: of a time before the Service or the workload's Process was last changed, and of
 * workloads that are gone, intent is not known.
 */
export function backingOf({ services, endpoints, workloads, revisions }: BackingFacts): Backing {
  const pairs = new Set(
    endpoints.map((row) => `${row.namespace}/${row.service} ${row.namespace}/${row.workload}`),
  );
  const processes = new Map(
    workloads.map(({ namespace, name, process }) => [`${namespace}/${name}`, process]),
  );
  const changedAt = new Map<string, number>();
  for (const { summary, atWallMs } of revisions) {
    for (const line of summary) {
      const object = line.replace(/^\S+ /, "");
      changedAt.set(object, Math.max(atWallMs, changedAt.get(object) ?? 0));
    }
  }
  return (service, workload, wallMs) => {
    const name = service.replace(/:\d+$/, "");
    const process = processes.get(workload);
    if (!services.has(name) || process === undefined) return null;
    const changes = [`Service/${name.split("/")[1]}`, `Process/${process}`];
    if (changes.some((object) => wallMs < (changedAt.get(object) ?? 0))) return null;
    return pairs.has(`${name} ${workload}`);
  };
}
