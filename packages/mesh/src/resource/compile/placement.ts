import type { PlacementDoc, PlacementKeyDoc } from "../../model/document.ts";
import type { Placement } from "../heddle/placement.ts";
import type { Refusal } from "./claims.ts";
import { oldestOf } from "./oldest.ts";

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
  const { winner, losers } = oldestOf(placements, service, "places the requests of");
  if (winner === null) return { doc: null, losers };
  const { key, slots = 1024, whenAway = "wait" } = winner.spec;
  return { doc: { name: winner.metadata.name, key: compileKey(key), slots, whenAway }, losers };
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
