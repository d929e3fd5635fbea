import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";
import type { Rng } from "@heddle/mesh/base/rng.ts";
import { Capture, sweepCapture } from "./capture/capture.ts";
import { type HostContext, killPid, runVariable } from "./context.ts";
import { ControlPlane } from "./control-plane.ts";
import { Janitor } from "./janitor.ts";
import type { Desired, ProcessObserved, ToHost, WorkloadObserved, WorkloadSpec } from "./link.ts";
import type { LogStream } from "./log-file.ts";
import { logName } from "./log-name.ts";
import type { Platform } from "./platform.ts";
import { PortBook } from "./ports.ts";
import { type Bind, SocketTable } from "./socket-table.ts";
import { type Haste, Workload } from "./workload.ts";

export interface SupervisorOptions {
  /** The mesh's state folder; it exists, and is locked for us. */
  readonly stateDir: string;
  /** Names this run; nobody else may ever use it. */
  readonly runId: string;
  /** argv of the control plane and of a proxy. */
  readonly controlCommand: readonly string[];
  readonly proxyCommand: readonly string[];
  /** Environment that applications inherit, and that of heddle's own processes. */
  readonly appEnv: Readonly<Record<string, string>>;
  readonly ownEnv: Readonly<Record<string, string>>;
  readonly bind: Bind;
  readonly platform: Platform;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly events: SupervisorEvents;
}

export interface SupervisorEvents {
  /** `status()` has changed. */
  onChange(): void;
  /** Something people want to know of. `workloadUid` is `control` for the control plane. */
  onRemark(workloadUid: string, message: string): void;
  /** A line of output. */
  onLine(workloadUid: string, part: "app" | "proxy", stream: LogStream, line: string): void;
}

/** All that runs, for people. */
export interface HostStatus {
  readonly control: ProcessObserved;
  readonly workloads: readonly (WorkloadObserved & {
    readonly name: string;
    readonly namespace: string;
    /** Last lines of what is not well. */
    readonly recentLines: readonly string[];
  })[];
  readonly ports: Readonly<Record<string, number>>;
  readonly failedSockets: Readonly<Record<string, string>>;
}

/** Going down: within 5 s nothing that was started may be left. */
const hurried: Haste = { drainMs: 300, graceMs: 2500, proxyGraceMs: 700 };
/** A second Ctrl-C. */
const atOnce: Haste = { drainMs: 0, graceMs: 0, proxyGraceMs: 0 };
/** A socket that could not be bound is tried again this often, in ms. */
const REBIND_MS = 1000;
/** Changes are reported together, after this long, in ms. */
const REPORT_MS = 5;

/**
 * Starts the control plane and then what that says is desired, and keeps it running: the parent of every process of
 * the mesh on this machine. It has no opinion and no API; whether the control plane is there or not, it keeps the
 * last Desired it was given.
 *
 *          supervisor ── IPC ── control plane
 *           │      │
 *          IPC    pipes
 *           │      │
 *        proxies  applications         + a janitor, that outlives it to sweep
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #context: HostContext;
  readonly #sockets: SocketTable;
  readonly #control: ControlPlane;
  readonly #janitor: Janitor;
  readonly #capture: Capture;
  readonly #workloads = new Map<string, Workload>();
  #desired: Desired = { type: "desired", sockets: [], workloads: [] };
  #rebind: Timer | null = null;
  #report: Timer | null = null;
  #stopping: Promise<void> | null = null;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { clock, platform, stateDir, runId, events } = options;
    this.#sockets = new SocketTable(options.bind);
    this.#janitor = new Janitor(platform, `${runVariable}=${runId}/`);
    this.#capture = new Capture({
      stateDir,
      clock,
      sockets: this.#sockets,
      onPlace: (place) => this.#janitor.setPlace(place),
      onProblem: (message) => events.onRemark("capture", message),
    });
    this.#context = {
      clock,
      platform,
      stateDir,
      runId,
      sockets: this.#sockets,
      ports: new PortBook(platform, options.rng),
      proxyCommand: options.proxyCommand,
      appEnv: options.appEnv,
      ownEnv: options.ownEnv,
      sessions: this.#janitor,
      capture: this.#capture,
      events: {
        onChange: () => this.#changed(),
        onTokenWanted: (workloadUid, keyFingerprint) =>
          this.#control.wantToken({ type: "token-wanted", workloadUid, keyFingerprint }),
        onRemark: (workloadUid, message) => {
          this.#control.send({ type: "event", workloadUid, message });
          events.onRemark(workloadUid, message);
        },
        onLine: events.onLine,
      },
    };
    mkdirSync(join(stateDir, "logs"), { recursive: true, mode: 0o700 });
    this.#control = new ControlPlane({
      command: options.controlCommand,
      context: this.#context,
      onMessage: (message) => this.#onMessage(message),
      onStart: () => this.#reportNow(),
    });
  }

  /** Ends what an earlier run left behind, then starts. */
  async start(): Promise<void> {
    const { platform, stateDir, clock, events } = this.#options;
    await killLeftovers(platform, stateDir);
    const pause = (delayMs: number) => new Promise<void>((done) => clock.after(delayMs, done));
    const left = await sweepCapture(stateDir, pause);
    if (left !== null)
      events.onRemark("capture", `rules of an earlier run are still there: ${left}`);
    this.#janitor.start();
    this.#control.start();
  }

  status(): HostStatus {
    return {
      control: this.#control.observed,
      workloads: [...this.#workloads.values()].map((workload) => ({
        ...workload.observed,
        name: workload.spec.name,
        namespace: workload.spec.namespace,
        recentLines: workload.recentLines,
      })),
      ports: this.#sockets.ports,
      failedSockets: this.#sockets.failed,
    };
  }

  get isStopping(): boolean {
    return this.#stopping !== null;
  }

  /** What the control plane last wrote. */
  get controlLines(): readonly string[] {
    return this.#control.recentLines;
  }

  /** How people call a workload: as its log is called. */
  nameOf(uid: string): string {
    const workload = this.#workloads.get(uid);
    return workload === undefined ? uid : logName(workload.spec);
  }

  /** The specs in force. */
  get specs(): readonly WorkloadSpec[] {
    return this.#desired.workloads;
  }

  /** Restarts the application of a workload. */
  restartApp(uid: string): Promise<void> {
    return this.#workloads.get(uid)?.restartApp() ?? Promise.resolve();
  }

  /** Stops all, in order, within 5 s. Called again: at once. */
  stop(): Promise<void> {
    if (this.#stopping === null) this.#stopping = this.#stop();
    else for (const workload of this.#workloads.values()) void workload.leave(atOnce);
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#rebind?.cancel();
    const workloads = [...this.#workloads.values()];
    await Promise.all(workloads.map((workload) => workload.leave(hurried)));
    await this.#control.stop();
    await this.#capture.close();
    this.#report?.cancel();
    this.#sockets.close();
    await this.#janitor.close();
  }

  #onMessage(message: ToHost): void {
    if (this.#stopping !== null) return;
    switch (message.type) {
      case "desired":
        this.#apply(message);
        break;
      case "token":
        this.#workloads.get(message.workloadUid)?.give(message);
        break;
    }
  }

  #apply(desired: Desired): void {
    this.#desired = desired;
    this.#bindSockets();
    const wanted = new Set(desired.workloads.map((spec) => spec.uid));
    for (const workload of this.#workloads.values()) {
      if (!wanted.has(workload.uid)) void workload.leave();
    }
    for (const spec of desired.workloads) this.#applyWorkload(spec);
    this.#capture.refresh();
    this.#changed();
  }

  #applyWorkload(spec: WorkloadSpec): void {
    const known = this.#workloads.get(spec.uid);
    if (known !== undefined) {
      known.update(spec);
      return;
    }
    if (spec.drain) return; // gone before it came
    const workload = new Workload(spec, this.#context);
    this.#workloads.set(spec.uid, workload);
    workload.start();
  }

  #bindSockets(): void {
    this.#sockets.apply(this.#desired.sockets);
    this.#control.sendSockets();
    this.#rebind?.cancel();
    this.#rebind = null;
    if (Object.keys(this.#sockets.failed).length === 0) return;
    this.#rebind = this.#options.clock.after(REBIND_MS, () => this.#apply(this.#desired));
  }

  #changed(): void {
    if (this.#report !== null) return;
    this.#report = this.#options.clock.after(REPORT_MS, () => this.#reportNow());
  }

  #reportNow(): void {
    this.#report?.cancel();
    this.#report = null;
    const wanted = new Set(this.#desired.workloads.map((spec) => spec.uid));
    const all = [...this.#workloads.values()];
    const workloads = all.map((workload) => workload.observed);
    this.#control.send({ type: "observed", workloads });
    for (const workload of all) {
      if (!workload.isGone || wanted.has(workload.uid)) continue;
      this.#workloads.delete(workload.uid);
      this.#control.forget(workload.uid);
    }
    this.#options.events.onChange();
  }
}

/** Kills what runs of this mesh were killed without being able to. */
async function killLeftovers(platform: Platform, stateDir: string): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const all = await platform.findProcesses(runVariable);
    const found = all.filter((each) => each.environment.has(`HEDDLE_MESH=${stateDir}`));
    if (found.length === 0) return;
    for (const each of found) killPid(each.pid);
  }
}
