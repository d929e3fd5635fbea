import type { WorkloadRow } from "@heddle/control/api/verbs.ts";
import { Command } from "commander";
import { psView } from "../render/ps.ts";
import {
  type NamespaceOptions,
  type OutputOptions,
  withExamples,
  withMesh,
  withNamespace,
  withOutput,
} from "./options.ts";
import { show } from "./show.ts";
import { apiOf, type World } from "./world.ts";

export function psCommand(world: World): Command {
  const command = new Command("ps")
    .description("the workloads: their applications and their proxies")
    .action(async (options: NamespaceOptions & OutputOptions) => {
      const api = await apiOf(world, options);
      const rows = await api.verb<readonly WorkloadRow[]>("ps");
      const { namespace } = options;
      const shown = rows.filter((row) => namespace === undefined || row.namespace === namespace);
      show(world, psView(world.clock.wallMs()), shown, options.output);
    });
  return withExamples(withMesh(withNamespace(withOutput(command))), [
    ["heddle ps", "what runs, and how often it was restarted (application+proxy)"],
    ["heddle ps -o wide", "with namespaces and the proxies' process ids"],
  ]);
}
