import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { compileFiles } from "@heddle/control/manifest/compile-files.ts";
import { Command, InvalidArgumentError } from "commander";
import { ManifestFault, readManifests, tellManifestFault } from "./manifests.ts";
import { withExamples } from "./options.ts";
import type { World } from "./world.ts";

interface Options {
  readonly output: string;
  readonly firstPort?: number;
}

export function compileCommand(world: World): Command {
  const command = new Command("compile")
    .description("write files for proxies that run without a control plane (the Walk profile)")
    .argument("<file...>", "manifests: files, folders or - for standard input")
    .requiredOption("-o, --output <dir>", "where to: a folder for each workload, and a mesh.yaml")
    .option("--first-port <number>", "addresses are given from here upwards", parsePort)
    .action(async (paths: readonly string[], options: Options) => {
      try {
        const set = await readManifests(world, paths);
        for (const line of set.warnings) world.err.write(`warning: ${line}\n`);
        const folder = resolve(world.cwd, options.output);
        const { firstPort } = options;
        const files = compileFiles(set.resources, {
          folder,
          heddle: world.programPath,
          ...(firstPort === undefined ? {} : { firstPort }),
        });
        for (const { path, text } of files) {
          const file = join(folder, path);
          mkdirSync(dirname(file), { recursive: true });
          writeFileSync(file, text);
          world.out.write(`${relative(world.cwd, file)}\n`);
        }
      } catch (error) {
        if (!(error instanceof ManifestFault)) throw error;
        process.exitCode = tellManifestFault(world, error, null, "written");
      }
    });
  return withExamples(command, [
    ["heddle compile mesh.yaml -o walk", "documents of every proxy, all addresses fixed"],
    ["heddle up walk/mesh.yaml", "runs them, with no control of anything"],
  ]);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{4,5}$/.test(text) && port >= 1024 && port <= 65_000) return port;
  throw new InvalidArgumentError("expected a port, 1024 to 65000");
}
