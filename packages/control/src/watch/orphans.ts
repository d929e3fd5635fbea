import type { Log } from "@heddle/mesh/base/log.ts";
import { kindOf } from "@heddle/mesh/resource/check.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import type { IntentLog } from "../revision/intent-log.ts";
import { keyOf } from "../store/collection.ts";
import type { Objects } from "./objects.ts";

/**
 * Deletes what a Workload owned that is gone (`metadata.ownerReferences`), as Kubernetes' garbage collector does: a Fault
 * made by a driver goes with it, however the driver ended. A Workload that is marked for deletion does not come back, so
 * that it counts as gone.
 */
export class Orphans {
  readonly #objects: Objects;
  readonly #intent: IntentLog;
  readonly #log: Log;
  /** Being deleted, by uid. */
  readonly #going = new Set<string>();

  constructor(objects: Objects, intent: IntentLog, log: Log) {
    this.#objects = objects;
    this.#intent = intent;
    this.#log = log;
  }

  /** Something may be gone. */
  onSettled(): void {
    const owned = this.#objects.ownedByWorkloads();
    if (owned.length === 0) return;
    const living = new Set<string>();
    for (const { metadata } of this.#objects.workloads.values()) {
      if (metadata.deletionTimestamp === undefined) living.add(metadata.uid ?? "");
    }
    for (const one of owned) {
      const owners = (one.metadata.ownerReferences ?? []).filter(({ kind }) => kind === "Workload");
      const uid = one.metadata.uid ?? "";
      if (owners.some((owner) => living.has(owner.uid)) || this.#going.has(uid)) continue;
      this.#going.add(uid);
      void this.#delete(one, owners[0]!.name).finally(() => this.#going.delete(uid));
    }
  }

  async #delete(orphan: Resource, owner: string): Promise<void> {
    const key = keyOf(kindOf(orphan)!, orphan);
    const cause = `delete ${orphan.kind.toLowerCase()}/${orphan.metadata.name}, whose owner ${owner} is gone`;
    try {
      // Whoever was faster than us has changed or deleted it: the pass that follows looks again.
      await this.#intent.commit([{ op: "delete", key, expect: null }], { author: "heddle", cause });
    } catch (error) {
      this.#log.error({ cause: String(error), ...key }, "orphan not deleted");
    }
  }
}
