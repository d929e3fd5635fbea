import type { ApplyRequest, ApplyResult, MeshInfo } from "@heddle/control/api/verbs.ts";
import { Command } from "commander";
import type { ApiClient } from "../api/client.ts";
import { StatusError } from "../api/status-error.ts";
import { formatChanges } from "../render/changes.ts";
import {
  listIntent,
  ManifestFault,
  type ManifestSet,
  readManifests,
  refusalLines,
  tellManifestFault,
} from "./manifests.ts";
import { type MeshOptions, withExamples, withMesh } from "./options.ts";
import { apiOf, type World } from "./world.ts";

interface Options extends MeshOptions {
  readonly filename: readonly string[];
  readonly dryRun?: boolean;
}

export function applyCommand(world: World): Command {
  const command = new Command("apply")
    .description("make resources be as files say, all or none of them")
    .requiredOption("-f, --filename <path...>", "files, folders or - for standard input")
    .option("--dry-run", "only say what would change")
    .action(async (options: Options) => {
      const api = await apiOf(world, options);
      const { revision } = await api.verb<MeshInfo>("info");
      try {
        const set = await readManifests(world, options.filename, await listIntent(api));
        for (const line of set.warnings) world.err.write(`warning: ${line}\n`);
        const result = await applySet(api, set, {
          owner: null,
          author: world.author,
          cause: `apply -f ${options.filename.join(" ")}`,
          prune: false,
          dryRun: options.dryRun === true,
        });
        world.out.write(formatChanges(result, options.dryRun === true));
      } catch (error) {
        if (!(error instanceof ManifestFault)) throw error;
        process.exitCode = tellManifestFault(world, error, revision);
      }
    });
  return withExamples(withMesh(command), [
    ["heddle apply -f split.yaml", "adds to what runs; every error is told, with file and line"],
    ["heddle apply -f . --dry-run", "what the files of this folder would change"],
  ]);
}

/**
 * Sends a set to the control plane.
 * @throws ManifestFault where that refuses it, with every error.
 */
export async function applySet(
  api: ApiClient,
  set: ManifestSet,
  request: Omit<ApplyRequest, "resources">,
): Promise<ApplyResult> {
  const body: ApplyRequest = { ...request, resources: set.resources };
  try {
    return await api.verb<ApplyResult>("apply", { method: "POST", body });
  } catch (error) {
    if (error instanceof StatusError && [400, 409, 422].includes(error.status.code)) {
      throw new ManifestFault(refusalLines(set, error));
    }
    throw error;
  }
}
