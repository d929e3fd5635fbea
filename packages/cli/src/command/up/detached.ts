import { spawn } from "node:child_process";
import { mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { exits, Fault, formatFault } from "../../render/fault.ts";
import type { Terminal } from "../../render/terminal.ts";
import type { World } from "../world.ts";

/** What the process in the background tells the one that started it. */
type Told =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "settled"; readonly isReady: boolean }
  | { readonly type: "ended" };

/** Marks the process in the background. */
const DETACHED = "HEDDLE_DETACHED";

/** Are we the one in the background? */
export function isDetached(world: World): boolean {
  return world.env[DETACHED] === "1";
}

/** Starts `up` again in the background, shows its progress, and returns once the mesh is ready or is not. */
export function runDetached(
  world: World,
  argv: readonly string[],
  logDir: string,
): Promise<number> {
  mkdirSync(logDir, { recursive: true, mode: 0o700 });
  const logFile = join(logDir, "up.log");
  const log = openSync(logFile, "a", 0o600);
  const child = spawn(process.execPath, [...process.execArgv, ...argv], {
    detached: true,
    stdio: ["ignore", log, log, "ipc"],
    env: { ...world.env, [DETACHED]: "1" },
  });
  return new Promise((resolve) => {
    let hasSaidWhy = false;
    child.on("message", (told: Told) => {
      if (told.type === "ended") {
        hasSaidWhy = true;
        return;
      }
      if (told.type === "text") {
        world.out.write(told.text);
        return;
      }
      child.disconnect();
      child.unref();
      resolve(told.isReady ? exits.ok : exits.no);
    });
    child.once("exit", (code, signal) => {
      if (!hasSaidWhy) {
        const how = signal === null ? `code ${code}` : signal;
        const message = `heddle in the background ended with ${how} and did not say why`;
        world.err.write(
          formatFault(new Fault(exits.no, message, `less ${logFile}`), world.program),
        );
      }
      resolve(code ?? exits.no);
    });
  });
}

/** A terminal whose words go to whoever started us in the background, for as long as they listen. */
export function remoteTerminal(world: World): Terminal {
  return {
    isTerminal: false,
    columns: world.out.columns,
    style: world.out.style,
    write: (text) => tell({ type: "text", text }),
  };
}

/** Tells that the mesh is ready or not; nobody listens afterwards. */
export function tellSettled(isReady: boolean): void {
  tell({ type: "settled", isReady });
}

/** Tells that nothing runs, and that why has been said. */
export function tellEnded(): void {
  tell({ type: "ended" });
}

function tell(told: Told): void {
  if (process.connected === true) process.send?.(told, undefined, undefined, () => undefined);
}
