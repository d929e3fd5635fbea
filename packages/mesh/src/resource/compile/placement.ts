import type { PlacementDoc, PlacementKeyDoc } from "../../model/document.ts";
import type { Placement } from "../heddle/placement.ts";
import { compareAge, namespacedName } from "../meta.ts";
import type { Refusal } from "./claims.ts";

export interface CompiledPlacement {
  /** Null: keys say nothing about where a request goes. */
  readonly doc: PlacementDoc | null;
  /** `<namespace>/<name>` of those that target the service and lost, and why. */
  readonly losers: ReadonlyMap<string, Refusal>;
}

/** Of all Placements on one Service the oldest holds; two keys cannot both decide. */
export function compilePlacement(
  placements: readonly Placement[],
  service: string,
): CompiledPlacement {
  const [winner, ...others] = [...placements].sort(compareAge);
  if (winner === undefined) return { doc: null, losers: new Map() };
  const message = `Placement ${winner.metadata.name} is older and places the requests of Service ${service}.`;
  return {
    doc: {
      name: winner.metadata.name,
      key: compileKey(winner.spec.key),
      slots: winner.spec.slots ?? 1024,
      whenAway: winner.spec.whenAway ?? "wait",
    },
    losers: new Map(others.map((one) => [namespacedName(one), { reason: "Conflicted", message }])),
  };
}

function compileKey(key: Placement["spec"]["key"]): PlacementKeyDoc {
  return { from: keySource(key), type: key.type ?? "text" };
}

function keySource(key: Placement["spec"]["key"]): PlacementKeyDoc["from"] {
  if (key.pathSegment !== undefined) return { kind: "path-segment", index: key.pathSegment };
  if (key.header !== undefined) return { kind: "header", name: key.header.toLowerCase() };
  if (key.query !== undefined) return { kind: "query", name: key.query };
  return { kind: key.source === true ? "source" : "identity" };
}
