import type { PlacementDoc, PlacementKeyDoc } from "../../model/document.ts";
import type { Placement } from "../heddle/placement.ts";
import { oldestOf } from "./oldest.ts";

/** What the Placement that holds does to a Service. */
export const doesPlace = "places the requests of";

/** Of all Placements on one Service the oldest holds; two keys cannot both decide. Null: keys say nothing. */
export function compilePlacement(
  placements: readonly Placement[],
  service: string,
): PlacementDoc | null {
  const { winner } = oldestOf(placements, service, doesPlace);
  if (winner === null) return null;
  const { key, slots = 1024, whenAway = "wait" } = winner.spec;
  return { name: winner.metadata.name, key: compileKey(key), slots, whenAway };
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
