import { placedClaim } from "@heddle/mesh/resource/compile/contract-placed.ts";
import { compilePlacement } from "@heddle/mesh/resource/compile/placement.ts";
import { type Service, serviceKind } from "@heddle/mesh/resource/core/service.ts";
import { type Contract, contractKind } from "@heddle/mesh/resource/heddle/contract.ts";
import { type Placement, placementKind } from "@heddle/mesh/resource/heddle/placement.ts";
import { type Process, processKind } from "@heddle/mesh/resource/heddle/process.ts";
import type { Kind } from "@heddle/mesh/resource/kind.ts";
import { namespacedName, namespaceOf, type Resource } from "@heddle/mesh/resource/meta.ts";
import { collectionOf } from "../store/collection.ts";
import type { Store, Write } from "../store/store.ts";

/**
 * What a set will not do of all it says, in words, as it would be with `writes` made: Contracts whose keys may move from
 * process to process. Everything is judged, not only what the set names: the cause may be in it and the Contract not.
 */
export async function applyWarnings(
  store: Store,
  writes: readonly Write[],
): Promise<readonly string[]> {
  const all = async <R extends Resource>(kind: Kind) =>
    overlaid(kind, (await store.list(collectionOf(kind), null)).items, writes) as readonly R[];
  const contracts = await all<Contract>(contractKind);
  if (contracts.length === 0) return [];
  const services = new Map(
    (await all<Service>(serviceKind)).map((one) => [namespacedName(one), one]),
  );
  const placements = await all<Placement>(placementKind);
  const processes = await all<Process>(processKind);
  const placementOf = (key: string) => {
    const [namespace, name = ""] = key.split("/");
    const meant = placements.filter(
      (one) =>
        namespaceOf(one) === namespace &&
        one.spec.targetRefs.some((target) => target.name === name),
    );
    return compilePlacement(meant, name);
  };
  const findService = (key: string) => services.get(key) ?? null;
  return contracts.flatMap((contract) => {
    const { status, message } = placedClaim(contract, { findService, placementOf, processes });
    return status === "False" ? [message] : [];
  });
}

/** Objects of a kind as they are once `writes` are made. */
function overlaid(
  kind: Kind,
  items: readonly Resource[],
  writes: readonly Write[],
): readonly Resource[] {
  const found = new Map(items.map((one) => [namespacedName(one), one]));
  for (const write of writes) {
    if (write.key.collection !== collectionOf(kind)) continue;
    const name = `${write.key.namespace}/${write.key.name}`;
    if (write.op === "delete") found.delete(name);
    else found.set(name, write.object);
  }
  return [...found.values()];
}
