import type { KnownResource } from "@heddle/mesh/resource/index.ts";
import { namespaceOf, resourceKey } from "@heddle/mesh/resource/meta.ts";
import { intentOf, isSameData } from "../revision/revision.ts";
import { type ChangedField, changedFields } from "./changed-fields.ts";
import { type Effect, effectsOf } from "./effects.ts";
import { type MeshView, type MeshWorld, meshViewOf } from "./mesh-view.ts";

/** A change of what was stated. */
export interface PlannedResource {
  readonly change: "+" | "~" | "-";
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Of one that is changed. */
  readonly fields: readonly ChangedField[];
}

/** What a change of resources would come to. */
export interface Plan {
  readonly resources: readonly PlannedResource[];
  readonly effects: readonly Effect[];
  readonly before: MeshView;
  readonly after: MeshView;
}

export interface PlanInputs {
  /** All that is stated now. */
  readonly before: readonly KnownResource[];
  /** Stated anew: added, or in place of what has the name. */
  readonly stated: readonly KnownResource[];
  /** What goes, by `resourceKey`. */
  readonly deleted: ReadonlySet<string>;
  /** Null: none runs, and every Process is imagined to. */
  readonly world: MeshWorld | null;
  /** What is made now is younger than all there is. */
  readonly nowWallMs: number;
}

/** Compares what is with what would be: both are compiled, and nothing is applied. */
export function planChange({ before, stated, deleted, world, nowWallMs }: PlanInputs): Plan {
  const old = new Map(before.map((one) => [resourceKey(one), one]));
  const next = new Map(old);
  for (const key of deleted) next.delete(key);
  for (const one of stated) {
    const key = resourceKey(one);
    next.set(key, withAge(one, old.get(key) ?? null, nowWallMs));
  }
  const keys = [...new Set([...deleted, ...stated.map(resourceKey)])];
  const was = meshViewOf(before, world);
  const slotsNow = (service: string) => was.endpoints.get(service)?.slots ?? null;
  const is = meshViewOf([...next.values()], world, slotsNow);
  return {
    resources: keys.flatMap((key) => changeOf(old.get(key) ?? null, next.get(key) ?? null)),
    effects: effectsOf(was, is),
    before: was,
    after: is,
  };
}

function changeOf(before: KnownResource | null, after: KnownResource | null): PlannedResource[] {
  const one = after ?? before;
  if (one === null) return [];
  const named = { kind: one.kind, namespace: namespaceOf(one), name: one.metadata.name };
  if (before === null) return [{ change: "+", ...named, fields: [] }];
  if (after === null) return [{ change: "-", ...named, fields: [] }];
  const [was, is] = [intentOf(before), intentOf(after)];
  if (isSameData(was, is)) return [];
  return [{ change: "~", ...named, fields: changedFields(was, is) }];
}

/** The same age as it has, or the youngest: ties between routes go to the older. */
function withAge(
  one: KnownResource,
  stored: KnownResource | null,
  nowWallMs: number,
): KnownResource {
  const made = stored?.metadata.creationTimestamp;
  const creationTimestamp = made ?? new Date(nowWallMs).toISOString();
  const owner = stored?.metadata.annotations?.["heddle.dev/owner"];
  const annotations =
    owner === undefined
      ? one.metadata.annotations
      : { ...one.metadata.annotations, "heddle.dev/owner": owner };
  const metadata = {
    ...one.metadata,
    creationTimestamp,
    ...(annotations === undefined ? {} : { annotations }),
  };
  return { ...one, metadata } as KnownResource;
}
