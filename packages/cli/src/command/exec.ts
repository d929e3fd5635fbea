import type { ExecGrant } from "@heddle/control/api/verbs.ts";
import { runMark, runVariable } from "@heddle/control/host/context.ts";
import { readHostRecord } from "@heddle/control/host/state-dir.ts";
import { Command } from "commander";
import { ApiClient } from "../api/client.ts";
import { openGuest } from "../api/guest.ts";
import { runInForeground } from "./foreground.ts";
import { type MeshOptions, withExamples, withMesh } from "./options.ts";
import { meshOf, type World } from "./world.ts";

interface Options extends MeshOptions {
  readonly name?: string;
  readonly namespace: string;
  readonly serviceAccount?: string;
}

/** Exit code of a command that is not there, as shells count. */
const NOT_FOUND = 127;

export function execCommand(world: World): Command {
  const command = new Command("exec")
    .description("run a command as a workload of the mesh: with a proxy and an identity of its own")
    .argument("<command...>", "after --, with its arguments")
    .option("--name <name>", "what the workload is called (default: exec- and a number)")
    .option("-n, --namespace <name>", "its namespace", "default")
    .option("--service-account <name>", "whom it is to others (default: its name)")
    .passThroughOptions()
    .action(async (argv: readonly string[], options: Options) => {
      const stateDir = await meshOf(world, options);
      const api = ApiClient.open(stateDir);
      const guest = await openGuest(api, {
        name: options.name ?? `exec-${process.pid}`,
        namespace: options.namespace,
        serviceAccountName: options.serviceAccount ?? null,
      });
      const { grant } = guest;
      try {
        const env = { ...world.env, ...whose(stateDir, grant), ...grant.env };
        process.exitCode = await runInForeground({ command: argv, env }).catch((error) => {
          const { code, message } = error as NodeJS.ErrnoException;
          const why = code === "ENOENT" ? "command not found" : message;
          world.err.write(`error: ${argv[0]}: ${why}\n`);
          return NOT_FOUND;
        });
      } finally {
        await guest.close();
      }
    });
  return withExamples(withMesh(command), [
    ["heddle exec -- curl http://kvs/7", "one call, as a workload called exec-…"],
    ["heddle exec --name e -- sh", "a shell; its calls show as e in edges and tap"],
  ]);
}

/** Whose the command is, and the mark by which the supervisor's end finds what still runs of it. */
function whose(stateDir: string, grant: ExecGrant): Readonly<Record<string, string>> {
  const run = readHostRecord(stateDir)?.runId;
  return {
    HEDDLE_MESH: stateDir,
    HEDDLE_WORKLOAD: `${grant.name}.${grant.namespace}`,
    ...(run === undefined ? {} : { [runVariable]: runMark(run, grant.uid, "guest") }),
  };
}
