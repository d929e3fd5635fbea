import { join, relative } from "node:path";
import type { ApplyResult, MeshInfo, WorkloadRow } from "@heddle/control/api/verbs.ts";
import { exitDamaged } from "@heddle/control/store/damaged-file.ts";
import { ApiClient, readApiPid } from "../../api/client.ts";
import { poll } from "../../api/poll.ts";
import { changeName } from "../../render/changes.ts";
import { exits, Fault } from "../../render/fault.ts";
import { Progress, type Step } from "../../render/progress.ts";
import { expectedOf, stepOf } from "../../render/ready.ts";
import type { Terminal } from "../../render/terminal.ts";
import { applySet } from "../apply.ts";
import type { ManifestSet } from "../manifests.ts";
import type { World } from "../world.ts";
import type { Host } from "./launch.ts";

/** How long the control plane may take to answer first, in ms. */
const CONTROL_PATIENCE_MS = 30_000;
/** How long `up` waits for all to be ready before it says that it is not, in ms. */
const READY_PATIENCE_MS = 60_000;
/** And how long where it is plain that waiting does not help, in ms. */
const STUCK_AFTER_MS = 12_000;
/** Between looks, in ms. */
const LOOK_MS = 100;

export interface UpSession {
  readonly world: World;
  readonly host: Host;
  /** Where the progress goes. */
  readonly terminal: Terminal;
  readonly file: string;
  readonly set: ManifestSet;
  readonly startMs: number;
  /** Steps that were done before, by the installer for example. */
  readonly before: readonly Step[];
  /** May what the manifest no longer names be deleted? Asked once, and only where there is such. */
  readonly mayPrune: (orphans: readonly string[]) => Promise<boolean>;
}

export interface UpResult {
  readonly info: MeshInfo;
  readonly workloads: readonly WorkloadRow[];
  readonly isReady: boolean;
  readonly warnings: readonly string[];
  /** What each workload last wrote, by uid. */
  readonly lastLines: ReadonlyMap<string, readonly string[]>;
}

/**
 * From a supervisor that has just started to a mesh that serves: control plane, apply, readiness; drawn as it goes.
 * Null where it was stopped meanwhile.
 */
export async function bringUp(session: UpSession): Promise<UpResult | null> {
  const { world, terminal, set, before, startMs } = session;
  const expected = expectedOf(set.resources);
  const progress = new Progress(terminal, [
    ...before.map((step) => step.name),
    ...expected.map(({ label }) => label),
  ]);
  const took = () => world.clock.monotonicMs() - startMs;
  const steps = (...more: readonly Step[]) => [...before, ...more];
  progress.draw(steps());

  const info = await waitForControl(session, (detail) =>
    progress.draw(steps({ name: "control plane", state: "waiting", detail, tookMs: took() })),
  );
  if (info === null) return null;
  const control: Step = {
    name: "control plane",
    state: "good",
    detail: describeControl(session, info),
    tookMs: took(),
  };
  progress.draw(steps(control));
  progress.clear();
  const warnings = await applyOwned(session);

  const done = new Map<string, Step>();
  let workloads: readonly WorkloadRow[] = [];
  const outcome = await poll({ ...LOOKS, clock: world.clock }, async () => {
    workloads = await ask(session, "ps", workloads);
    for (const each of expected) {
      if (done.get(each.label)?.state !== "good")
        done.set(each.label, stepOf(each, workloads, took()));
    }
    progress.draw(steps(control, ...done.values()));
    if ([...done.values()].every((step) => step.state === "good")) return "ready";
    if (session.host.supervisor.isStopping) return "stopping";
    return took() > STUCK_AFTER_MS && isStuck(session.host, workloads) ? "stuck" : null;
  });
  if (outcome === "stopping") return null;
  if (outcome !== "ready") {
    const ended = [...done.values()].map((step) =>
      step.state === "waiting" ? { ...step, state: "bad" as const } : step,
    );
    progress.draw(steps(control, ...ended));
  }
  const isReady = outcome === "ready";
  const now = await ask<MeshInfo>(session, "info", info);
  const seen = session.host.supervisor.status().workloads;
  const lastLines = new Map(seen.map((each) => [each.uid, each.recentLines]));
  return { info: now, workloads, isReady, warnings, lastLines };
}

/** Does all that is not ready keep failing: a program that is not there, a port that is taken? */
function isStuck({ supervisor }: Host, workloads: readonly WorkloadRow[]): boolean {
  const { failedSockets } = supervisor.status();
  const waiting = workloads.filter((row) => !row.isReady && !row.isDraining);
  return waiting.every((row) => {
    const parts = [row.app, row.proxy].filter((part) => part !== null);
    const isFailing = parts.some((part) => part.phase === "backoff" || part.restarts >= 3);
    const own = `${row.name}.${row.namespace}/`;
    return isFailing || Object.keys(failedSockets).some((name) => name.startsWith(own));
  });
}

const LOOKS = { everyMs: LOOK_MS, forMs: READY_PATIENCE_MS };

/** The newest answer; `last` while the control plane is away for a moment. */
async function ask<T>({ host }: UpSession, verb: string, last: T): Promise<T> {
  try {
    return await ApiClient.open(host.stateDir).verb<T>(verb);
  } catch (error) {
    if (error instanceof Fault) return last;
    throw error;
  }
}

/** Null where all is stopped meanwhile. @throws Fault where it does not come, with what it wrote last. */
async function waitForControl(
  session: UpSession,
  onWait: (detail: string) => void,
): Promise<MeshInfo | null> {
  const { supervisor, stateDir } = session.host;
  const looks = { clock: session.world.clock, everyMs: LOOK_MS, forMs: CONTROL_PATIENCE_MS };
  const info = await poll(looks, async () => {
    if (supervisor.isStopping) return "stopping" as const;
    const { control } = supervisor.status();
    onWait(control.reason ?? "starting");
    if (control.reason === damaged) return "damaged" as const;
    if (control.restarts >= 3) return "failed" as const;
    if (control.pid === null || readApiPid(stateDir) !== control.pid) return null; // an earlier one's
    try {
      return await ApiClient.open(stateDir).verb<MeshInfo>("info");
    } catch (error) {
      if (error instanceof Fault) return null;
      throw error;
    }
  });
  if (info === "stopping") return null;
  if (info === "damaged") throw damagedFault(session);
  if (info !== null && info !== "failed") return info;
  const { control } = supervisor.status();
  const lines = supervisor.controlLines.map((line) => `  ${line}`);
  throw new Fault(
    exits.noControl,
    [`the control plane does not start: ${control.reason ?? "no answer"}`, ...lines].join("\n"),
    `${session.world.program} check --pre`,
    `less ${join(stateDir, "logs", "control.log")}`,
  );
}

/** How a control plane ends that could not read its state. */
const damaged = `exited with code ${exitDamaged}`;

/** What it said last names the file. */
function damagedFault({ host }: UpSession): Fault {
  const said = host.supervisor.controlLines.at(-1) ?? "the state of the mesh is damaged";
  return new Fault(
    exits.noControl,
    said.replace(/^error: /, ""),
    `heddle down -v --mesh ${host.stateDir}     to delete the state; up makes it anew from the manifest`,
  );
}

function describeControl(session: UpSession, info: MeshInfo): string {
  const { address } = ApiClient.open(session.host.stateDir);
  const made = info.isRootNew ? " made" : "";
  return `API ${address}, root certificate ${info.rootFingerprint}${made}`;
}

/** Applies the manifest as its owner. What it named before and does not now is deleted if that may be. */
async function applyOwned(session: UpSession): Promise<readonly string[]> {
  const { world, host, set, file, mayPrune } = session;
  const api = ApiClient.open(host.stateDir);
  const request = {
    owner: file,
    author: world.author,
    cause: `up ${relative(world.cwd, file) || file}`,
  };
  const plan = await applySet(api, set, { ...request, prune: false, dryRun: true });
  const orphans = plan.changes.filter((change) => change.action === "orphaned").map(changeName);
  const prune = orphans.length > 0 && (await mayPrune(orphans));
  const result: ApplyResult = await applySet(api, set, { ...request, prune, dryRun: false });
  const kept = prune || orphans.length === 0 ? [] : [keptWarning(orphans)];
  return [...result.warnings, ...kept];
}

function keptWarning(orphans: readonly string[]): string {
  const whose = orphans.length === 1 ? "is" : "are";
  return `${orphans.join(", ")} ${whose} no longer in the manifest and still there; delete with up --prune`;
}

/** Applies the manifest again, for `--watch`. Returns warnings. @throws ManifestFault */
export function applyAgain(session: UpSession): Promise<readonly string[]> {
  return applyOwned(session);
}
