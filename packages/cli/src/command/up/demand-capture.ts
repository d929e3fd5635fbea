import { detoursOfNames } from "@heddle/control/host/capture/obstacle.ts";
import { tryCapture } from "@heddle/control/host/capture/trial.ts";
import { meshSettings } from "@heddle/mesh/resource/heddle/mesh.ts";
import type { KnownResource } from "@heddle/mesh/resource/index.ts";
import { exits, Fault } from "../../render/fault.ts";
import type { World } from "../world.ts";

/**
 * Can this machine capture what the manifest wants captured? Asked before anything is started. Returns what a person
 * should know although it can.
 * @throws Fault where it cannot, with the cure.
 */
export async function demandCapture(
  world: World,
  resources: readonly KnownResource[],
): Promise<readonly string[]> {
  const captured = resources.filter(
    (each) => each.kind === "Process" && each.spec.capture === "transparent",
  );
  const [first] = captured;
  if (first === undefined) return [];
  const name = `Process ${first.metadata.name}: capture: transparent`;
  const mesh = resources.find((each) => each.kind === "Mesh") ?? null;
  const { profile } = meshSettings(mesh);
  if (profile !== "run") {
    const why = `needs proxies that a control plane drives, and the Mesh's profile is ${profile}`;
    throw new Fault(exits.no, `${name} ${why}`, "profile: run     in the Mesh, or capture: none");
  }
  const obstacle = await tryCapture(world.clock);
  if (obstacle === null) return detoursOfNames();
  throw new Fault(exits.no, `${name} cannot be had here: ${obstacle.problem}`, obstacle.cure);
}
