import type { Constraint } from "@heddle/mesh/model/constraint.ts";
import { Command } from "commander";
import { constraintView } from "../render/constraints.ts";
import { exits, Fault } from "../render/fault.ts";
import {
  type NamespaceOptions,
  namespaceOf,
  type OutputOptions,
  withExamples,
  withMesh,
  withNamespace,
  withOutput,
} from "./options.ts";
import { show } from "./show.ts";
import { apiOf, type World } from "./world.ts";

export function constraintsCommand(world: World): Command {
  const command = new Command("constraints")
    .description("what the control plane made of intent for each process")
    .argument("[workload]", "one workload; default: all")
    .action(async (typed: string | undefined, options: NamespaceOptions & OutputOptions) => {
      const workload = typed?.replace(/^(workloads?|wl)\//, "");
      const api = await apiOf(world, options);
      const namespace = namespaceOf(options) ?? undefined;
      const rows = await api.verb<readonly Constraint[]>("constraints", {
        query: { workload, namespace },
      });
      if (rows.length === 0 && workload !== undefined) {
        const { program } = world;
        throw new Fault(
          exits.no,
          `nothing is compiled for a workload "${workload}"`,
          `${program} ps`,
        );
      }
      show(world, constraintView, rows, options.output);
    });
  return withExamples(withMesh(withNamespace(withOutput(command))), [
    ["heddle constraints kvs-0", "addresses, slots, shares, limits and identities of one process"],
    ["heddle constraints kvs-0 -o wide", "and from which intent, over what, with which error"],
    ["heddle constraints -o json", "of all, for a script"],
  ]);
}
