import { type Plan, planChange } from "@heddle/control/plan/plan.ts";
import { type Replay, Replayer } from "@heddle/control/plan/replay.ts";
import { namespaceOf, resourceKey } from "@heddle/mesh/resource/meta.ts";
import { Command, Option } from "commander";
import { lastOf, recordsBound } from "../api/read-bound.ts";
import { fetchRecorded } from "../api/recorded.ts";
import { exits, Fault } from "../render/fault.ts";
import { formatPlan, formatReplay } from "../render/plan.ts";
import { applySet } from "./apply.ts";
import { ManifestFault, readManifests, tellManifestFault } from "./manifests.ts";
import { type MeshOptions, withExamples, withMesh } from "./options.ts";
import { parseSince } from "./since.ts";
import { type StatedMesh, statedMesh } from "./stated-mesh.ts";
import { parseTargets } from "./target.ts";
import { apiOf, type World } from "./world.ts";

interface Options extends MeshOptions {
  readonly filename: readonly string[];
  readonly delete: readonly string[];
  readonly base?: readonly string[];
  readonly namespace: string;
  readonly since?: string;
  readonly replay: boolean;
  readonly output: "text" | "json";
}

export function planCommand(world: World): Command {
  const command = new Command("plan")
    .description("what a change would do, without doing it: exit code 2 where something changes")
    .option("-f, --filename <path...>", "files, folders or - for standard input", [])
    .option("--delete <what...>", "resources that would go: httproute/split", [])
    .option("-n, --namespace <name>", "namespace of what would go", "default")
    .option("--base <path...>", "compare with these files, not with a mesh that runs")
    .option("--since <time>", "decide requests again that were recorded since: 10m, 2h, a moment")
    .option("--no-replay", "decide no recorded requests again")
    .addOption(
      new Option("-o, --output <format>", "how to print it")
        .choices(["text", "json"])
        .default("text"),
    )
    .action((options: Options) => plan(world, options));
  return withExamples(withMesh(command), [
    ["heddle plan -f split.yaml", "routes, splits, processes and policies that would be different"],
    ["heddle plan -f split.yaml -o json", "the same, for a script"],
    ["heddle plan --delete httproute/split", "what would become of requests without it"],
    ["heddle plan -f new.yaml --base mesh.yaml", "of files alone; nothing has to run"],
  ]);
}

async function plan(world: World, options: Options): Promise<void> {
  const { filename, base = null, output } = options;
  if (filename.length === 0 && options.delete.length === 0) {
    throw new Fault(exits.usage, "nothing to plan: name files, or what would go", "heddle plan -f");
  }
  const since = parseSince(options.since, world.clock.wallMs());
  let revision: number | null = null;
  try {
    if (base === null) {
      const info = await (await apiOf(world, options)).verb<{ readonly revision: number }>("info");
      revision = info.revision;
    }
    const mesh = await statedMesh(world, options, base);
    const planned = await planOf(world, mesh, options);
    const changes = planned.resources.length > 0 || planned.effects.length > 0;
    const replay = await replayOf(mesh, planned, options, since);
    const { resources, effects } = planned;
    world.out.write(
      output === "json"
        ? `${JSON.stringify({ changes, resources, effects, replay }, null, 2)}\n`
        : formatPlan(planned, world.out.style) + formatReplay(replay, changes),
    );
    process.exitCode = changes ? exits.changes : exits.ok;
  } catch (error) {
    if (!(error instanceof ManifestFault)) throw error;
    process.exitCode = tellManifestFault(world, error, revision);
  }
}

async function planOf(world: World, mesh: StatedMesh, options: Options): Promise<Plan> {
  const { filename, namespace } = options;
  const deleted = deletedKeys(mesh, options.delete, namespace);
  const stays = mesh.resources.filter((one) => !deleted.has(resourceKey(one)));
  const set =
    filename.length === 0
      ? { resources: [], warnings: [], places: [] }
      : await readManifests(world, filename, stays);
  for (const line of set.warnings) world.err.write(`warning: ${line}\n`);
  // The control plane has the last word on what may be applied, and says the same of a plan.
  if (mesh.api !== null && set.resources.length > 0) {
    const cause = `plan -f ${filename.join(" ")}`;
    const said = { owner: null, author: world.author, cause, prune: false, dryRun: true };
    const { warnings } = await applySet(mesh.api, set, said);
    for (const line of warnings) world.err.write(`warning: ${line}\n`);
  }
  const nowWallMs = world.clock.wallMs();
  const before = mesh.resources;
  return planChange({ before, stated: set.resources, deleted, world: mesh.world, nowWallMs });
}

/** What would go, by `resourceKey`. @throws Fault for what is not there. */
function deletedKeys(
  { resources }: StatedMesh,
  words: readonly string[],
  namespace: string,
): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { kind, names } of words.length === 0 ? [] : parseTargets(words)) {
    for (const name of names) {
      const found = resources.find(
        (one) =>
          one.kind === kind.kind &&
          one.metadata.name === name &&
          (!kind.isNamespaced || namespaceOf(one) === namespace),
      );
      if (found === undefined) {
        throw new Fault(exits.no, `there is no ${kind.kind} "${name}" in namespace ${namespace}`);
      }
      keys.add(resourceKey(found));
    }
  }
  return keys;
}

/** Null: nothing would be otherwise, nobody asked for it, or nothing is recorded as nothing runs. */
async function replayOf(
  { api }: StatedMesh,
  { before, after, effects }: Plan,
  { replay, since: given }: Options,
  since: number | null,
): Promise<Replay | null> {
  if (!replay || api === null || effects.length === 0) return null;
  const recorded = await fetchRecorded(api, {
    last: lastOf(recordsBound, given),
    ...(since === null ? {} : { since: String(since) }),
  });
  const replayer = new Replayer(before, after);
  replayer.add(recorded.batches);
  return replayer.result();
}
