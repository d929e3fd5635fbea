import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { exits, Fault } from "../render/fault.ts";
import { runInForeground } from "./foreground.ts";
import { withExamples } from "./options.ts";
import { findPrograms, leanMalloc } from "./programs.ts";
import type { World } from "./world.ts";

/** `heddle proxy` and `heddle control`: one process of the mesh, in the foreground, without a supervisor. */
export function proxyCommand(world: World): Command {
  const command = new Command("proxy")
    .description("run one proxy from a file, without a control plane (the Walk profile)")
    .requiredOption("--config <file>", "a file or folder that heddle compile wrote")
    .action(async (options: { readonly config: string }) => {
      if (!existsSync(resolve(world.cwd, options.config))) {
        throw new Fault(
          exits.badInput,
          `there is no ${options.config} here`,
          `${world.program} compile mesh.yaml -o walk     writes such files`,
        );
      }
      const { proxy } = await findPrograms();
      const argv = [...proxy, "--config", options.config];
      process.exitCode = await runInForeground({
        command: argv,
        env: { ...world.env, ...leanMalloc },
      });
    });
  return withExamples(command, [
    ["heddle compile mesh.yaml -o walk", "writes a folder for each workload"],
    ["heddle proxy --config walk/kvs-0", "runs the proxy of one of them"],
  ]);
}

export function controlCommand(world: World): Command {
  const command = new Command("control")
    .description("run a control plane alone; heddle up runs one by itself")
    .requiredOption("--state <dir>", "its state folder: store, root certificate, api.json")
    .action(async (options: { readonly state: string }) => {
      const { control } = await findPrograms();
      const argv = [...control, "--state", options.state];
      process.exitCode = await runInForeground({
        command: argv,
        env: { ...world.env, ...leanMalloc },
      });
    });
  return withExamples(command, [
    ["heddle control --state /tmp/mesh", "and then: heddle apply --mesh /tmp/mesh -f mesh.yaml"],
  ]);
}
