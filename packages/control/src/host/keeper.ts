import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";
import { Backoff } from "./backoff.ts";
import type { Sessions } from "./janitor.ts";
import type { ProcessObserved } from "./link.ts";
import type { LogFile, LogStream } from "./log-file.ts";

/** What to start. Made anew for each start. */
export interface Launch {
  readonly command: readonly string[];
  /** How people know it: the command without what is put before it. */
  readonly title: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** A channel for messages and handles; it ends when either side does. */
  readonly hasChannel: boolean;
}

export interface KeeperEvents {
  /** Started: its channel, if any, takes messages from now on. */
  onStart(): void;
  /** The process itself has ended; called before a restart is planned. What it may have left is `cleanUp`'s. */
  onExit(): void;
  /** `observed` has changed. */
  onChange(): void;
  onMessage(message: unknown): void;
  onLine(stream: LogStream, line: string): void;
}

export interface KeeperOptions {
  /** What to start, or why it cannot be started now. Asked at each start. */
  readonly launch: () => Promise<Launch | { readonly problem: string }>;
  readonly restart: "always" | "never";
  /** heddle's own: once ready, it is restarted at once. */
  readonly isOwn: boolean;
  /** Ends what an ended process left behind, beyond its process group. Null: nothing. */
  readonly cleanUp: ((pid: number) => Promise<void>) | null;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly log: LogFile;
  readonly events: KeeperEvents;
}

type Phase = ProcessObserved["phase"];

/**
 * Keeps one process running, in a session and process group of its own:
 *
 *   starting → running → (it ends) → backoff → starting …
 *        any → stopping → exited
 */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly #backoff = new Backoff();
  #child: ChildProcess | null = null;
  #phase: Phase = "starting";
  #ready = false;
  /** Since it started. */
  #wasReady = false;
  #reason: string | null = null;
  #restarts = 0;
  #sinceWallMs: number;
  #startedMs: number | null = null;
  #timer: Timer | null = null;
  #isStopping = false;
  /** It has ended, and what it left behind is being ended. */
  #isClearing = false;
  /** Start over once the running process has ended. */
  #isRestarting = false;
  #ended: (() => void)[] = [];

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#sinceWallMs = options.clock.wallMs();
  }

  get observed(): ProcessObserved {
    return {
      phase: this.#phase,
      ready: this.#ready,
      pid: this.#child?.pid ?? null,
      restarts: this.#restarts,
      reason: this.#reason,
      sinceWallMs: this.#sinceWallMs,
      startedMs: this.#startedMs,
    };
  }

  get isRunning(): boolean {
    return this.#phase === "running";
  }

  /** Starts it, now. */
  start(): void {
    void this.#launch();
  }

  /** Says whether it is ready to be used, or why not. Ignored unless it runs. */
  setReady(ready: boolean, reason: string | null): void {
    if (this.#phase !== "running") return;
    if (this.#ready === ready && this.#reason === reason) return;
    this.#ready = ready;
    this.#wasReady ||= ready;
    this.#reason = reason;
    this.#changed();
  }

  /** Why it is not running yet; shown until it is. */
  setWaiting(reason: string): void {
    if (this.#phase === "starting" && this.#reason !== reason) {
      this.#reason = reason;
      this.#changed();
    }
  }

  /** Sends a message over the channel; lost where there is none, as the reader of a lost one starts anew anyway. */
  send(message: object, handle?: unknown): void {
    const child = this.#child;
    if (child === null || !child.connected) return;
    child.send(message, handle as never, { keepOpen: true } as never, () => undefined);
  }

  /** SIGTERM to the group, SIGKILL after `graceMs`. Resolves once it has ended. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    this.#isRestarting = false;
    await this.#end(graceMs);
    if (this.#phase !== "exited") this.#enter("exited", this.#reason);
  }

  /** Ends it as `stop` does, and starts it again at once. */
  async restart(graceMs: number): Promise<void> {
    if (this.#isStopping) return;
    this.#isRestarting = true;
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#child === null && !this.#isClearing) {
      // What is being launched now is launched anew, as it may be out of date.
      if (this.#phase !== "starting") this.#again();
      return;
    }
    await this.#end(graceMs);
  }

  async #end(graceMs: number): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    const child = this.#child;
    if (child === null && !this.#isClearing) return;
    if (this.#phase !== "stopping") this.#enter("stopping", null);
    const ended = new Promise<void>((resolve) => this.#ended.push(resolve));
    signalGroup(child, "SIGTERM");
    const kill = this.#options.clock.after(graceMs, () => signalGroup(child, "SIGKILL"));
    await ended;
    kill.cancel();
  }

  async #launch(): Promise<void> {
    this.#enter("starting", this.#reason);
    const launch = await this.#prepare();
    if (this.#isStopping) return;
    if (this.#isRestarting) {
      this.#isRestarting = false;
      void this.#launch();
      return;
    }
    if ("problem" in launch) this.#failed(launch.problem);
    else this.#start(launch);
  }

  /** Whatever is in the way (no port free, a disk that is full) may be gone the next time. */
  async #prepare(): Promise<Launch | { readonly problem: string }> {
    try {
      return await this.#options.launch();
    } catch (error) {
      return { problem: (error as Error).message };
    }
  }

  #failed(problem: string): void {
    this.#options.log.add("sys", `${problem}\n`);
    const delayMs = this.#backoff.delayMs({ uptimeMs: 0, isProven: false });
    this.#retry(problem, delayMs, 0);
  }

  #start(launch: Launch): void {
    let child: ChildProcess;
    try {
      child = this.#spawn(launch);
    } catch (error) {
      // Some of what the system refuses is thrown: an environment too large, for one.
      this.#failed((error as Error).message);
      return;
    }
    const { log, clock } = this.#options;
    this.#child = child;
    this.#wasReady = false;
    this.#startedMs = clock.monotonicMs();
    log.add("sys", `started ${launch.title} (pid ${child.pid ?? "none"})\n`);
    child.on("message", (message) => this.#options.events.onMessage(message));
    child.on("error", (error) => {
      if (child.pid === undefined) this.#exited(child, error.message);
    });
    child.on("exit", (code, signal) => {
      this.#exited(child, signal === null ? `exited with code ${code}` : `killed by ${signal}`);
    });
    if (child.pid === undefined) return;
    this.#read(child.stdout!, "out");
    this.#read(child.stderr!, "err");
    this.#options.sessions.add(child.pid);
    this.#enter("running", null);
    this.#options.events.onStart();
  }

  #spawn(launch: Launch): ChildProcess {
    const [program = "", ...args] = launch.command;
    return spawn(program, args, {
      cwd: launch.cwd,
      env: launch.env,
      detached: true, // a session of its own: a Ctrl-C on our terminal is ours alone
      stdio: ["ignore", "pipe", "pipe", ...(launch.hasChannel ? (["ipc"] as const) : [])],
      serialization: "json",
    });
  }

  #read(stream: Readable, name: LogStream): void {
    const { log, events } = this.#options;
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      for (const line of log.add(name, text)) events.onLine(name, line);
    });
    stream.on("error", () => undefined);
  }

  #exited(child: ChildProcess, reason: string): void {
    if (child !== this.#child) return;
    signalGroup(child, "SIGKILL"); // children that outlived it would hold its ports
    const uptimeMs = this.#options.clock.monotonicMs() - (this.#startedMs ?? 0);
    this.#child = null;
    this.#ready = false;
    this.#options.log.flush();
    this.#options.log.add("sys", `${reason}\n`);
    this.#options.events.onExit();
    const { cleanUp, sessions } = this.#options;
    const { pid = 0 } = child;
    const next = () => {
      this.#isClearing = false;
      sessions.delete(pid);
      this.#afterEnd(reason, uptimeMs);
    };
    if (cleanUp === null || pid === 0) {
      next();
      return;
    }
    this.#isClearing = true;
    void cleanUp(pid).then(next, next); // what could not be looked for stays for the janitor
  }

  #afterEnd(reason: string, uptimeMs: number): void {
    if (this.#isStopping) this.#enter("exited", reason);
    else if (this.#isRestarting) this.#again();
    else if (this.#options.restart === "never") this.#enter("exited", reason);
    else {
      const isProven = this.#options.isOwn && this.#wasReady;
      this.#retry(reason, this.#backoff.delayMs({ uptimeMs, isProven }), 1);
    }
    for (const resolve of this.#ended.splice(0)) resolve();
  }

  #again(): void {
    this.#isRestarting = false;
    this.#reason = null;
    this.start();
  }

  #retry(reason: string, delayMs: number, restarts: number): void {
    this.#enter("backoff", reason);
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#timer = null;
      this.#restarts += restarts;
      this.start();
    });
  }

  #enter(phase: Phase, reason: string | null): void {
    if (this.#phase === phase && this.#reason === reason) return;
    if (this.#phase !== phase) this.#sinceWallMs = this.#options.clock.wallMs();
    this.#phase = phase;
    this.#ready = false;
    this.#reason = reason;
    this.#changed();
  }

  #changed(): void {
    this.#options.events.onChange();
  }
}

function signalGroup(child: ChildProcess | null, signal: NodeJS.Signals): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // No such group: all of it has ended.
  }
}
