import type { WorkloadRow } from "@heddle/control/api/verbs.ts";
import { Command } from "commander";
import { DoorClient } from "../api/door-client.ts";
import { Fault } from "../render/fault.ts";
import { rowOf } from "../render/host-row.ts";
import { psView } from "../render/ps.ts";
import {
  type MeshOptions,
  type NamespaceOptions,
  type OutputOptions,
  withExamples,
  withMesh,
  withNamespace,
  withOutput,
} from "./options.ts";
import { show } from "./show.ts";
import { apiOf, meshOf, type World } from "./world.ts";

export function psCommand(world: World): Command {
  const command = new Command("ps")
    .description("the workloads: their applications and their proxies")
    .action(async (options: NamespaceOptions & OutputOptions) => {
      const rows = await listWorkloads(world, options);
      const { namespace } = options;
      const shown = rows.filter((row) => namespace === undefined || row.namespace === namespace);
      show(world, psView(world.clock.wallMs()), shown, options.output);
    });
  return withExamples(withMesh(withNamespace(withOutput(command))), [
    ["heddle ps", "what runs, and how often it was restarted (application+proxy)"],
    ["heddle ps -o wide", "with namespaces and the proxies' process ids"],
  ]);
}

/** As the control plane sees them; while that is away, as the supervisor does. */
async function listWorkloads(world: World, options: MeshOptions): Promise<readonly WorkloadRow[]> {
  try {
    return await (await apiOf(world, options)).verb<readonly WorkloadRow[]>("ps");
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const door = await DoorClient.open(await meshOf(world, options)).catch(() => null);
    if (door === null) throw error;
    const { control, workloads } = await door.ask({ verb: "status" });
    door.close();
    const why = control.reason ?? control.phase;
    world.err.write(`The control plane is away (${why}); this is what the supervisor sees.\n`);
    return workloads.map(rowOf);
  }
}
