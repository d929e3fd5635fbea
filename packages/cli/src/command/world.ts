import { userInfo } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Clock } from "@heddle/mesh/base/clock.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import { ApiClient } from "../api/client.ts";
import { findMesh } from "../api/find-mesh.ts";
import { openTerminal, type Terminal } from "../render/terminal.ts";

/** What a command may touch. */
export interface World {
  readonly out: Terminal;
  readonly err: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  /** How people type our name: `heddle`, in a clone `./heddle`. */
  readonly program: string;
  /** The same for other programs to start, wherever they are. */
  readonly programPath: string;
  /** Who acts, for the log of revisions. */
  readonly author: string;
}

/** The real one. */
export function openWorld(): World {
  return {
    out: openTerminal(process.stdout, process.env),
    err: openTerminal(process.stderr, process.env),
    env: process.env,
    cwd: process.cwd(),
    clock: new SystemClock(),
    ...programNames(process.cwd()),
    author: userName(),
  };
}

/** The state folder that the options name. */
export function meshOf(world: World, options: { readonly mesh?: string }): Promise<string> {
  return findMesh({ flag: options.mesh, env: world.env, cwd: world.cwd });
}

/** The API of the mesh that the options name. */
export async function apiOf(world: World, options: { readonly mesh?: string }): Promise<ApiClient> {
  return ApiClient.open(await meshOf(world, options));
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown"; // a user id without a name, as in some containers
  }
}

/** In a clone the command is the script at its root. */
function programNames(cwd: string): Pick<World, "program" | "programPath"> {
  if (import.meta.dirname.includes("node_modules")) {
    return { program: "heddle", programPath: "heddle" };
  }
  const programPath = fileURLToPath(new URL("../../../../heddle", import.meta.url));
  const isAtRoot = dirname(programPath) === cwd;
  return { program: isAtRoot ? "./heddle" : programPath, programPath };
}
