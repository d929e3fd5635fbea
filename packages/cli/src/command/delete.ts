import { Command } from "commander";
import { StatusError } from "../api/status-error.ts";
import { exits, Fault } from "../render/fault.ts";
import {
  type NamespaceOptions,
  namespaceOf,
  withExamples,
  withMesh,
  withNamespace,
} from "./options.ts";
import { parseTargets } from "./target.ts";
import { apiOf, type World } from "./world.ts";

export function deleteCommand(world: World): Command {
  const command = new Command("delete")
    .description("delete resources")
    .argument("<what...>", "placement kvs-by-key · service/kvs process/kvs")
    .option("--ignore-not-found", "be content where it is not there")
    .action(
      async (what: readonly string[], options: NamespaceOptions & { ignoreNotFound?: boolean }) => {
        const namespace = namespaceOf(options) ?? "default";
        const targets = parseTargets(what);
        for (const { kind, names } of targets) {
          if (names.length > 0) continue;
          throw new Fault(
            exits.usage,
            `delete ${kind.plural}: which?`,
            `${world.program} get ${kind.plural}`,
            `${world.program} delete ${kind.singular} <name>`,
          );
        }
        const api = await apiOf(world, options);
        for (const { kind, names } of targets) {
          for (const name of names) {
            const wasThere = await isDeleted(() => api.delete(kind, namespace, name, world.author));
            if (wasThere) world.out.write(`${kind.singular}/${name} deleted\n`);
            else if (options.ignoreNotFound !== true) {
              throw new Fault(
                exits.no,
                `there is no ${kind.kind} "${name}" in namespace ${namespace}`,
                `${world.program} get ${kind.plural}`,
              );
            }
          }
        }
      },
    );
  return withExamples(withMesh(withNamespace(command)), [
    ["heddle delete placement kvs-by-key", "one resource"],
    ["heddle delete service/a process/a", "several"],
  ]);
}

/** False: there was no such thing. */
async function isDeleted(remove: () => Promise<void>): Promise<boolean> {
  try {
    await remove();
    return true;
  } catch (error) {
    if (error instanceof StatusError && error.status.code === 404) return false;
    throw error;
  }
}
