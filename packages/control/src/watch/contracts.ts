import { type PlacedInputs, placedClaim } from "@heddle/mesh/resource/compile/contract-placed.ts";
import type { MeshIndex } from "@heddle/mesh/resource/compile/mesh-index.ts";
import type { Process } from "@heddle/mesh/resource/heddle/process.ts";
import type { ConditionClaim } from "@heddle/mesh/resource/meta.ts";

/** Every Contract's conditions as they follow from intent, by `<namespace>/<name>`: `Accepted`, `Recorded`, `Placed`. */
export function contractConditions(
  index: MeshIndex,
  processes: Iterable<Process>,
): ReadonlyMap<string, readonly ConditionClaim[]> {
  const all = [...processes];
  const inputs: PlacedInputs = {
    findService: (key) => index.inputs.services.get(key) ?? null,
    placementOf: (key) => index.outputs.services.get(key)?.doc.placement ?? null,
    processes: all,
  };
  const found = new Map<string, readonly ConditionClaim[]>();
  for (const [key, contract] of index.inputs.resources.all("Contract")) {
    const claims = index.outputs.claims.get(`Contract/${key}`)?.conditions;
    if (claims !== undefined) found.set(key, [...claims, placedClaim(contract, inputs)]);
  }
  return found;
}
