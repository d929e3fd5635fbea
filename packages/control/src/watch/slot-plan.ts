import { assignSlots } from "@heddle/mesh/balance/assign.ts";
import type { SlotsDoc } from "@heddle/mesh/model/document.ts";
import type { ServiceKey } from "@heddle/mesh/model/service-key.ts";
import type { MeshIndex } from "@heddle/mesh/resource/compile/mesh-index.ts";
import { selects } from "@heddle/mesh/resource/compile/workload-view.ts";
import { isSameData } from "../revision/revision.ts";

export interface PlannedSlots {
  readonly service: ServiceKey;
  /** Null: nobody is bound to any key. */
  readonly slots: SlotsDoc | null;
  /** Must it be stored first? */
  readonly isNew: boolean;
}

/**
 * Who shall keep which keys, where that is another than the index has: of services with a Placement, all workloads that
 * are to stay, ready or not. Away and back again moves nothing; scaling moves as little as it can.
 */
export function planSlots(
  index: MeshIndex,
  stored: ReadonlyMap<ServiceKey, SlotsDoc>,
  isStaying: (uid: string) => boolean,
): readonly PlannedSlots[] {
  const planned: PlannedSlots[] = [];
  for (const [key, service] of index.inputs.services) {
    const placement = index.outputs.services.get(key)?.doc.placement ?? null;
    const known = index.inputs.slots.get(key) ?? null;
    if (placement === null && known === null) continue;
    const before = stored.get(key) ?? null;
    const owners = [...index.inputs.workloads.values()]
      .filter((view) => selects(service, view) && isStaying(view.uid))
      .map(({ uid }) => uid);
    // With nobody to keep them slots stay whose they were: there may be somebody again.
    const kept = owners.length === 0 ? before : null;
    const slots =
      placement === null ? null : (kept ?? assignSlots(before, owners, placement.slots));
    if (isSameData(slots, known)) continue;
    planned.push({ service: key, slots, isNew: slots !== null && slots !== before });
  }
  return planned;
}
