import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { exits, Fault } from "../render/fault.ts";
import { listRunning } from "./running.ts";
import { isFolder, stateFolder } from "./state-folder.ts";

export interface FindMeshOptions {
  /** `--mesh`: a state folder, or the folder it is in. */
  readonly flag: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/**
 * The state folder of the mesh that is meant: `--mesh`, `$HEDDLE_MESH`, the nearest `.heddle/` from here upwards, or the
 * only one of this user's that runs.
 * @throws Fault where there is none, or more than one.
 */
export async function findMesh(options: FindMeshOptions): Promise<string> {
  const { flag, env, cwd } = options;
  if (flag !== undefined) return namedFolder(resolve(cwd, flag), "--mesh");
  const variable = env["HEDDLE_MESH"];
  if (variable !== undefined && variable !== "") {
    return namedFolder(resolve(cwd, variable), "$HEDDLE_MESH");
  }
  const near = nearestFolder(cwd);
  if (near !== null) return near;
  const running = await listRunning();
  if (running.length === 1) return running[0]!;
  if (running.length === 0) {
    throw new Fault(exits.noControl, "no mesh here, and none is running", "heddle up <mesh.yaml>");
  }
  throw new Fault(
    exits.usage,
    `${running.length} meshes are running; which one is meant?`,
    ...running.map((folder) => `--mesh ${folder}`),
  );
}

function namedFolder(path: string, by: string): string {
  const inside = join(path, stateFolder);
  if (basename(path) !== stateFolder && isFolder(inside)) return inside;
  if (isFolder(path)) return path;
  throw new Fault(exits.usage, `${by}: ${path} is not a folder`, "heddle up <mesh.yaml>");
}

function nearestFolder(from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const state = join(folder, stateFolder);
    if (existsSync(join(state, "lock"))) return state;
    if (folder === dirname(folder)) return null;
  }
}
