import { dirname, join, relative, resolve } from "node:path";
import { stateFolder } from "../../api/find-mesh.ts";
import { exits, Fault, formatFault } from "../../render/fault.ts";
import { formatLogLine } from "../../render/log-line.ts";
import { formatTitle, type Step } from "../../render/progress.ts";
import { formatCounts } from "../../render/ready.ts";
import type { Terminal } from "../../render/terminal.ts";
import { formatSeconds } from "../../render/time.ts";
import { tryCommand } from "../../render/try.ts";
import { formatErrorCount, ManifestFault, type ManifestSet, readManifests } from "../manifests.ts";
import { version } from "../own-version.ts";
import type { World } from "../world.ts";
import { confirm } from "./confirm.ts";
import { type Host, launchHost } from "./launch.ts";
import { applyAgain, bringUp, type UpResult } from "./session.ts";
import { affectedBy, watchFiles } from "./watch.ts";

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
  const stateDir =
    options.mesh === undefined
      ? join(dirname(file), stateFolder)
      : resolve(world.cwd, options.mesh);
  const set = await readOrTell(world, options.file);
  if (set === null) return exits.badInput;
  const place = (path: string) => relative(world.cwd, path) || ".";
  const title = formatTitle(
    `heddle ${version}  ${place(file)}`,
    `state in ${place(stateDir)}`,
    terminal.columns,
  );
  terminal.write(`${title}\n`);
  for (const line of set.warnings) terminal.write(` ${terminal.style.warn("!")} ${line}\n`);

  const voice = new Voice(terminal, options.logs === true);
  const host: Host = await launchHost(world, {
    stateDir,
    files: [file],
    events: {
      onChange: () => undefined,
      onRemark: (_, message) => voice.remark(`${message}; ${world.program} logs tells more`),
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
  try {
    const result = await bringUp(session);
    if (host.supervisor.isStopping) {
      await host.stopped;
      onSettled(false);
      return exits.no;
    }
    printResult(
      world,
      terminal,
      set,
      result,
      world.clock.monotonicMs() - startMs + installedMs(world),
    );
    onSettled(result.isReady);
  } catch (error) {
    await host.stop();
    if (error instanceof ManifestFault) return failManifest(world, error);
    throw error;
  }
  voice.open();
  const unwatch = options.watch === true ? watchAll(world, host, session, voice) : () => undefined;
  await host.stopped;
  unwatch();
  return exits.ok;
}

/** What is said beside the progress: held back until that is over. */
class Voice {
  readonly #terminal: Terminal;
  readonly #hasLines: boolean;
  #isOpen = false;
  readonly #names: string[] = [];

  constructor(terminal: Terminal, hasLines: boolean) {
    this.#terminal = terminal;
    this.#hasLines = hasLines;
  }

  open(): void {
    this.#isOpen = true;
  }

  remark(message: string): void {
    if (this.#isOpen) this.#terminal.write(` ${this.#terminal.style.warn("!")} ${message}\n`);
  }

  say(message: string): void {
    if (this.#isOpen) this.#terminal.write(` ${this.#terminal.style.good("↻")} ${message}\n`);
  }

  line(name: string, stream: "out" | "err" | "sys", text: string): void {
    if (!this.#isOpen || !this.#hasLines) return;
    if (!this.#names.includes(name)) this.#names.push(name);
    const look = {
      name,
      width: Math.max(...this.#names.map((each) => each.length)),
      index: this.#names.indexOf(name),
      hasTime: false,
      style: this.#terminal.style,
    };
    this.#terminal.write(formatLogLine({ time: "", stream, text }, look));
  }
}

async function readOrTell(world: World, file: string): Promise<ManifestSet | null> {
  try {
    return await readManifests(world, [file]);
  } catch (error) {
    if (!(error instanceof ManifestFault)) throw error;
    failManifest(world, error);
    return null;
  }
}

function failManifest(world: World, fault: ManifestFault): number {
  world.err.write(fault.lines.map((line) => `${line}\n`).join(""));
  world.err.write(`${formatErrorCount(fault.lines.length, null)}\n`);
  return exits.badInput;
}

function printResult(
  world: World,
  terminal: Terminal,
  set: ManifestSet,
  result: UpResult,
  tookMs: number,
): void {
  const { workloads, info, isReady, warnings } = result;
  const { program } = world;
  for (const line of warnings) terminal.write(` ${terminal.style.warn("!")} ${line}\n`);
  if (!isReady) {
    const away = workloads.filter((row) => !row.isReady && !row.isDraining);
    const fault = new Fault(
      exits.no,
      `not ready after ${formatSeconds(tookMs)}; what runs, runs on, and the rest is tried again`,
      ...(away[0] === undefined ? [] : [`${program} logs ${away[0].name}`]),
      `${program} check`,
    );
    terminal.write(formatFault(fault, program));
    return;
  }
  const counts = formatCounts(workloads);
  terminal.write(`Ready in ${formatSeconds(tookMs)}. ${counts}, revision ${info.revision}.\n`);
  const front = workloads.find((row) => row.gateway !== null && row.urls.length > 0);
  const attempt =
    front === undefined ? null : tryCommand(front.urls[0]!, front.gateway!, set.resources);
  if (attempt !== null) terminal.write(`  Try    ${attempt}\n`);
  const service = set.resources.find(({ kind }) => kind === "Service")?.metadata.name;
  const looks = [
    `${program} stat`,
    ...(service === undefined ? [] : [`${program} tap service/${service}`]),
  ];
  terminal.write(`  See    ${[...looks, `${program} check`].join("    ")}        Stop  `);
  terminal.write(terminal.isTerminal ? "Ctrl-C\n" : `${program} down\n`);
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

/** Watches the manifest and every folder that applications run in, those that come later included. */
function watchAll(
  world: World,
  host: Host,
  session: Parameters<typeof applyAgain>[0],
  voice: Voice,
): () => void {
  const ends = new Map<string, () => void>();
  const onChange = async (folder: string, files: readonly string[]) => {
    const code = files.filter((name) => resolve(folder, name) !== session.file);
    if (code.length < files.length) await reapply(world, session, voice);
    restartAffected(host, folder, code, voice);
    watchFolders();
  };
  const watchFolders = () => {
    const folders = host.supervisor.specs.flatMap((spec) => spec.app?.cwd ?? []);
    for (const folder of [...folders, dirname(session.file)]) {
      if (ends.has(folder)) continue;
      const watching = {
        folder,
        onChange: (files: readonly string[]) => void onChange(folder, files),
      };
      ends.set(folder, watchFiles({ clock: world.clock, ...watching }));
    }
  };
  watchFolders();
  return () => {
    for (const end of ends.values()) end();
  };
}

function restartAffected(host: Host, folder: string, files: readonly string[], voice: Voice): void {
  if (files.length === 0) return;
  const affected = affectedBy(host.supervisor.specs, folder, files);
  if (affected.length === 0) return;
  const names = affected.map(({ name }) => name).join(" ");
  voice.say(`${files.join(", ")} changed: restarting ${names}`);
  for (const { uid } of affected) void host.supervisor.restartApp(uid);
}

async function reapply(
  world: World,
  session: Parameters<typeof applyAgain>[0],
  voice: Voice,
): Promise<void> {
  try {
    const set = await readManifests(world, [session.file]);
    const lines = await applyAgain({ ...session, set });
    voice.say(`${relative(world.cwd, session.file)} applied`);
    for (const line of lines) voice.remark(line);
  } catch (error) {
    if (!(error instanceof ManifestFault) && !(error instanceof Fault)) throw error;
    const lines = error instanceof ManifestFault ? error.lines : [error.message];
    for (const line of lines) voice.remark(line);
    voice.remark(formatErrorCount(lines.length, null));
  }
}

interface Installed {
  readonly node: string;
  readonly packages: number;
  readonly seconds: number;
}

/** What the installer of a clone did just before, as it says in the environment. */
function installed(world: World): Installed | null {
  const text = world.env["HEDDLE_INSTALLED"];
  return text === undefined ? null : (JSON.parse(text) as Installed);
}

function installedMs(world: World): number {
  return (installed(world)?.seconds ?? 0) * 1000;
}

function installedStep(world: World): readonly Step[] {
  const found = installed(world);
  if (found === null) return [];
  const detail = `Node ${found.node} and ${found.packages} packages, this once`;
  return [{ name: "installed", state: "good", detail, tookMs: found.seconds * 1000 }];
}
