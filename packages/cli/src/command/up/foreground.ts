import { relative, resolve } from "node:path";
import { stateFolderFor } from "../../api/state-folder.ts";
import { exits } from "../../render/fault.ts";
import { formatMeshFlag } from "../../render/mesh-flag.ts";
import { formatTitle } from "../../render/progress.ts";
import type { Terminal } from "../../render/terminal.ts";
import { ManifestFault, type ManifestSet, readManifests, tellManifestFault } from "../manifests.ts";
import { version } from "../own-version.ts";
import type { World } from "../world.ts";
import { confirm } from "./confirm.ts";
import { demandCapture } from "./demand-capture.ts";
import { type Host, launchHost } from "./launch.ts";
import { installedMs, installedStep, printResult } from "./report.ts";
import { bringUp } from "./session.ts";
import { Voice } from "./voice.ts";
import { watchMesh } from "./watch-mesh.ts";

export interface UpOptions {
  readonly file: string;
  readonly mesh?: string;
  readonly prune?: boolean;
  readonly watch?: boolean;
  readonly logs?: boolean;
}

/** Told once the mesh is ready or is given up on: what `up -d` waits for. */
export type OnSettled = (isReady: boolean) => void;

/** Runs a mesh until it is stopped. Returns the exit code. */
export async function runUp(
  world: World,
  options: UpOptions,
  terminal: Terminal,
  onSettled: OnSettled,
): Promise<number> {
  const startMs = world.clock.monotonicMs();
  const file = resolve(world.cwd, options.file);
  const stateDir = stateFolderFor(world.cwd, options.mesh, file);
  const set = await readOrTell(world, options.file);
  if (set === null) return exits.badInput;
  const place = (path: string) => relative(world.cwd, path) || ".";
  const title = formatTitle(
    `heddle ${version}  ${place(file)}`,
    `state in ${place(stateDir)}`,
    terminal.columns,
  );
  terminal.write(`${title}\n`);
  const detours = await demandCapture(world, set.resources);
  for (const line of [...set.warnings, ...detours]) {
    terminal.write(` ${terminal.style.warn("!")} ${line}\n`);
  }

  const logs = `${world.program} logs${formatMeshFlag(options.mesh)}`;
  const voice = new Voice(terminal, options.logs === true);
  const host: Host = await launchHost(world, {
    stateDir,
    files: [file],
    events: {
      onChange: () => undefined,
      onRemark: (_, message) => voice.remark(`${message}; ${logs} tells more`),
      onLine: (uid, part, stream, text) => {
        if (part === "app") voice.line(host.supervisor.nameOf(uid), stream, text);
      },
    },
  });
  stopOnSignals(host, terminal);
  const session = {
    world,
    host,
    terminal,
    file,
    set,
    startMs,
    before: installedStep(world),
    mayPrune: (orphans: readonly string[]) => mayPrune(options, terminal, orphans),
  };
  let unwatch = () => {};
  try {
    const result = await bringUp(session);
    if (result === null) {
      await host.stopped;
      onSettled(false);
      return exits.no;
    }
    // Before we say so: who reads "Ready" may change a file at once.
    if (options.watch === true) unwatch = watchMesh(session, voice);
    printResult(world, terminal, set, result, {
      tookMs: world.clock.monotonicMs() - startMs + installedMs(world),
      mesh: options.mesh,
    });
    onSettled(result.isReady);
  } catch (error) {
    await (host.supervisor.isStopping ? host.stopped : host.stop());
    if (error instanceof ManifestFault) return tellManifestFault(world, error, null);
    throw error;
  }
  voice.open();
  await host.stopped;
  unwatch();
  return exits.ok;
}

async function readOrTell(world: World, file: string): Promise<ManifestSet | null> {
  try {
    return await readManifests(world, [file]);
  } catch (error) {
    if (!(error instanceof ManifestFault)) throw error;
    tellManifestFault(world, error, null);
    return null;
  }
}

function stopOnSignals(host: Host, terminal: Terminal): void {
  let count = 0;
  const onSignal = () => {
    count++;
    if (count === 1) terminal.write("\nStopping …\n");
    void host.stop();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
}

async function mayPrune(
  options: UpOptions,
  terminal: Terminal,
  orphans: readonly string[],
): Promise<boolean> {
  if (options.prune === true) return true;
  if (!terminal.isTerminal || process.stdin.isTTY !== true) return false;
  const whose = orphans.length === 1 ? "is" : "are";
  return confirm(`${orphans.join(", ")} ${whose} no longer in the manifest. Delete?`);
}
