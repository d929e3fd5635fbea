import { randomBytes } from "node:crypto";
import { getCompileCacheDir } from "node:module";
import { Door, doorPath } from "@heddle/control/host/door.ts";
import { detectPlatform } from "@heddle/control/host/platform.ts";
import { AlreadyRunningError, lockStateDir } from "@heddle/control/host/state-dir.ts";
import { Supervisor, type SupervisorEvents } from "@heddle/control/host/supervisor.ts";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { bindDatagrams } from "@heddle/mesh/net/bound-datagrams.ts";
import { bindSocket } from "@heddle/mesh/net/bound-socket.ts";
import { noteRunning } from "../../api/running.ts";
import { exits, Fault } from "../../render/fault.ts";
import { findPrograms, leanMalloc } from "../programs.ts";
import type { World } from "../world.ts";

/** A supervisor in this process, with its lock, its door and its place in the list of meshes. */
export interface Host {
  readonly supervisor: Supervisor;
  readonly stateDir: string;
  /** Stops all and unlocks. Called again: at once. */
  stop(): Promise<void>;
  /** Resolves once all is stopped, whoever asked for it. */
  readonly stopped: Promise<void>;
}

/**
 * Locks the state folder and starts the supervisor.
 * @throws Fault while another one runs this mesh.
 */
export async function launchHost(
  world: World,
  options: {
    readonly stateDir: string;
    readonly files: readonly string[];
    readonly events: SupervisorEvents;
  },
): Promise<Host> {
  const { stateDir, files, events } = options;
  const programs = await findPrograms();
  const state = lock(world, stateDir, files);
  const platform = detectPlatform();
  const runId = randomBytes(8).toString("hex");
  const supervisor = new Supervisor({
    stateDir,
    runId,
    controlCommand: [...programs.control, "--state", stateDir],
    proxyCommand: [...programs.proxy, "--host"],
    appEnv: appEnvironment(world.env),
    ownEnv: { ...ownEnvironment(world.env), ...leanMalloc },
    bind: (host, port, protocol) =>
      protocol === "udp" ? bindDatagrams(host, port) : bindSocket(host, port),
    platform,
    clock: world.clock,
    rng: new SeededRng(randomBytes(4).readUInt32LE()),
    events,
  });
  let finish: () => void;
  const stopped = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let stopping: Promise<void> | null = null;
  const door = new Door({
    path: doorPath(stateDir, runId, platform),
    status: () => supervisor.status(),
    down: () => void stop(),
  });
  const forget = noteRunning(stateDir, runId);
  const stop = (): Promise<void> => {
    if (stopping !== null) {
      void supervisor.stop();
      return stopping;
    }
    stopping = supervisor.stop().then(() => {
      forget();
      state.release();
      door.close();
      finish();
    });
    return stopping;
  };
  await door.open();
  state.write({
    pid: process.pid,
    since: new Date(world.clock.wallMs()).toISOString(),
    runId,
    door: doorPath(stateDir, runId, platform),
    files,
  });
  await supervisor.start();
  return { supervisor, stateDir, stop, stopped };
}

function lock(world: World, stateDir: string, files: readonly string[]) {
  try {
    return lockStateDir(stateDir);
  } catch (error) {
    if (!(error instanceof AlreadyRunningError)) throw error;
    const file = files[0] ?? "<file>";
    throw new Fault(
      exits.no,
      error.message,
      `${world.program} apply -f ${file} --mesh ${stateDir}     to change what runs`,
      `${world.program} down --mesh ${stateDir}     to stop it`,
    );
  }
}

/** What applications inherit: all but what is heddle's own or npm's. */
function appEnvironment(env: World["env"]): Record<string, string> {
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^(HEDDLE_|npm_|NODE_CHANNEL_)/.test(entry[0]),
  );
  return Object.fromEntries(kept);
}

/** What heddle's own processes inherit: little, so that nothing of the user's shell changes them. */
function ownEnvironment(env: World["env"]): Record<string, string> {
  const names = ["PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR", "XDG_RUNTIME_DIR"];
  const cache = getCompileCacheDir();
  return {
    ...Object.fromEntries(
      names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
    ),
    ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }),
  };
}
