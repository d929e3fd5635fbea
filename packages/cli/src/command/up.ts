import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { stateFolderFor } from "../api/state-folder.ts";
import { exits, Fault, faultOfTheSystem, formatFault } from "../render/fault.ts";
import { withExamples } from "./options.ts";
import { isDetached, remoteTerminal, runDetached, tellEnded, tellSettled } from "./up/detached.ts";
import { runUp, type UpOptions } from "./up/foreground.ts";
import type { World } from "./world.ts";

interface Options extends Omit<UpOptions, "file"> {
  readonly detach?: boolean;
}

export function upCommand(world: World): Command {
  const command = new Command("up")
    .description("start a mesh from a manifest, and keep it running until Ctrl-C")
    .argument("[file]", "the manifest, or a folder with a mesh.yaml", "mesh.yaml")
    .option("-d, --detach", "in the background; returns once all is ready")
    .option("--watch", "restart a Process when its files change, apply the manifest when it does")
    .option("--prune", "delete what an earlier state of the manifest made and it no longer names")
    .option("--logs", "print what the applications write")
    .option(
      "--mesh <dir>",
      "the state folder, or a folder for it to be in (default: the manifest's)",
    )
    .action(async (path: string, options: Options) => {
      const isFolder = statSync(resolve(world.cwd, path), { throwIfNoEntry: false })?.isDirectory();
      const file = isFolder === true ? join(path, "mesh.yaml") : path;
      if (!existsSync(resolve(world.cwd, file))) {
        throw new Fault(
          exits.badInput,
          `there is no ${file} here`,
          `${world.program} up <file>`,
          `${world.program} up examples/kvs/mesh.yaml     in a clone of heddle`,
        );
      }
      const up: UpOptions = { ...options, file };
      if (isDetached(world)) {
        process.exitCode = await runInBackground(world, up);
      } else if (options.detach === true) {
        const stateDir = stateFolderFor(world.cwd, options.mesh, file);
        const argv = process.argv.slice(1).filter((word) => word !== "-d" && word !== "--detach");
        process.exitCode = await runDetached(world, argv, join(stateDir, "logs"));
      } else process.exitCode = await runUp(world, up, world.out, () => undefined);
    });
  return withExamples(command, [
    ["heddle up mesh.yaml", "in the foreground"],
    ["heddle up -d && heddle stat", "in the background; stop it with heddle down"],
    ["heddle up --watch --logs", "while you work on the processes"],
  ]);
}

/** What goes wrong is said where somebody listens. */
async function runInBackground(world: World, options: UpOptions): Promise<number> {
  const remote = remoteTerminal(world);
  try {
    const code = await runUp({ ...world, out: remote, err: remote }, options, remote, tellSettled);
    tellEnded();
    return code;
  } catch (error) {
    const fault = error instanceof Fault ? error : faultOfTheSystem(error);
    if (fault === null) throw error;
    remote.write(formatFault(fault, world.program));
    tellEnded();
    return fault.exitCode;
  }
}
