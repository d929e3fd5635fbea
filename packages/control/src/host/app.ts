import { existsSync } from "node:fs";
import { join } from "node:path";
import { type HostContext, killLeft, runMark, runVariable } from "./context.ts";
import { expandCommand, expandPorts, UnknownPortError } from "./expand.ts";
import { Keeper, type Launch } from "./keeper.ts";
import type { AppSpec, ProcessObserved, WorkloadSpec } from "./link.ts";
import { LogFile } from "./log-file.ts";
import { logName } from "./log-name.ts";
import { findProgram } from "./platform.ts";
import { type ProbeResult, probeExec, probeHttp, probeTcp } from "./probe.ts";
import { Prober } from "./prober.ts";

/** Where nobody asked for a probe, a process is ready once all its ports take connections. */
const implicitProbe = { periodMs: 1000, timeoutMs: 1000, failureThreshold: 1, successThreshold: 1 };

/** The application of one workload: one kept process, its ports, its probe, its log. */
export class App {
  readonly #context: HostContext;
  readonly #workload: Pick<WorkloadSpec, "uid" | "name" | "namespace">;
  readonly #hasProxy: boolean;
  readonly #keeper: Keeper;
  readonly #log: LogFile;
  /** What shall run. */
  #spec: AppSpec;
  /** As what the process was started: another than `#spec` until it may be restarted. */
  #current: AppSpec;
  #ports: Readonly<Record<string, number>> = {};
  #prober: Prober | null = null;
  #launched: Launch | null = null;

  constructor(workload: WorkloadSpec, spec: AppSpec, context: HostContext) {
    this.#workload = workload;
    this.#hasProxy = workload.proxy !== null;
    this.#spec = spec;
    this.#current = spec;
    this.#context = context;
    this.#log = new LogFile(
      join(context.stateDir, "logs", `${logName(workload)}.log`),
      context.clock,
    );
    const mark = runMark(context.runId, workload.uid, "app");
    this.#keeper = new Keeper({
      launch: () => this.#launch(mark),
      restart: spec.restart,
      isOwn: false,
      cleanUp: (pid) => killLeft(context.platform, mark, pid),
      sessions: context.sessions,
      clock: context.clock,
      log: this.#log,
      events: {
        onStart: () => this.#probe(),
        onExit: () => this.#closeProber(),
        onChange: () => this.#changed(),
        onMessage: () => undefined,
        onLine: (stream, line) => context.events.onLine(workload.uid, "app", stream, line),
      },
    });
  }

  get observed(): ProcessObserved {
    return this.#keeper.observed;
  }

  get ports(): Readonly<Record<string, number>> {
    return this.#ports;
  }

  get spec(): AppSpec {
    return this.#spec;
  }

  /** Does it run as an earlier spec said? It goes on like that until `restart`. */
  get isOutdated(): boolean {
    return (
      this.#keeper.observed.pid !== null && needsRestart(this.#current, this.#spec, this.#hasProxy)
    );
  }

  /** Its last lines, for the report of a failure. */
  get recentLines(): readonly string[] {
    return this.#log.recent;
  }

  start(): void {
    this.#keeper.start();
  }

  setWaiting(reason: string): void {
    this.#keeper.setWaiting(reason);
  }

  /** Takes a new spec. A process that could only show it after a restart runs on as it is: `isOutdated`. */
  update(spec: AppSpec): void {
    const before = this.#current;
    const isOther = needsRestart(this.#spec, spec, this.#hasProxy);
    this.#spec = spec;
    if (spec.capture !== undefined) this.#context.capture.update(this.#workload.uid, spec.capture);
    if (this.#keeper.observed.pid === null) {
      if (isOther) void this.restart(); // whatever keeps it from running may be over
      return;
    }
    if (this.isOutdated) return;
    this.#current = spec;
    if (isEqual(before.readiness, spec.readiness) || !this.#keeper.isRunning) return;
    this.#closeProber();
    this.#probe();
  }

  restart(): Promise<void> {
    return this.#keeper.restart(this.#current.graceMs);
  }

  /** Ends it for good. @param graceMs from SIGTERM to SIGKILL. */
  async stop(graceMs: number): Promise<void> {
    await this.#keeper.stop(graceMs);
    await this.#context.capture.leave(this.#workload.uid);
    for (const name of Object.keys(this.#ports)) this.#context.ports.release(this.#owner(name));
    this.#log.close();
  }

  #owner(port: string): string {
    return `${this.#workload.uid}/${port}`;
  }

  async #launch(mark: string): Promise<Launch | { problem: string }> {
    const { sockets, appEnv, stateDir, platform } = this.#context;
    const spec = this.#spec;
    this.#current = spec;
    this.#ports = await this.#takePorts(spec);
    const env: Record<string, string> = {
      ...appEnv,
      HEDDLE_MESH: stateDir,
      HEDDLE_WORKLOAD: `${this.#workload.name}.${this.#workload.namespace}`,
    };
    // Its own, a socket's, or, without proxies, that of another process: `<uid>/<name>`.
    const portOf = (name: string) =>
      this.#ports[name] ?? sockets.get(name)?.port ?? this.#context.ports.find(name);
    try {
      for (const [name, value] of Object.entries(spec.env)) env[name] = expandPorts(value, portOf);
    } catch (error) {
      if (!(error instanceof UnknownPortError)) throw error;
      return { problem: sockets.failure(error.message) ?? `no port ${error.message} yet` };
    }
    env[runVariable] = mark;
    const command = spec.command.map((word) => expandCommand(word, env));
    const file = findProgram(command[0] ?? "", env["PATH"] ?? "/usr/bin:/bin", spec.cwd);
    if (file === null) return { problem: `command not found: ${command[0] ?? "(empty)"}` };
    if (!existsSync(spec.cwd)) return { problem: `no such folder: ${spec.cwd}` };
    const title = command.join(" ");
    const captured = await this.#enterCapture(spec);
    if ("problem" in captured) return captured;
    this.#launched = { command, title, cwd: spec.cwd, env, hasChannel: false };
    const argv = [...captured.argv, ...platform.deathSignalArgv, file, ...command.slice(1)];
    return { ...this.#launched, command: argv };
  }

  /** What its command begins with so that the kernel knows its connections. */
  async #enterCapture(spec: AppSpec) {
    const { capture } = this.#context;
    const { uid } = this.#workload;
    if (spec.capture !== undefined) return capture.enter(uid, spec.capture);
    await capture.leave(uid); // it was captured before
    return { argv: [] };
  }

  async #takePorts(spec: AppSpec): Promise<Readonly<Record<string, number>>> {
    for (const name of Object.keys(this.#ports)) {
      const isNamed = spec.ports.some((port) => port.name === name && port.bind === null);
      if (!isNamed) this.#context.ports.release(this.#owner(name));
    }
    const ports: Record<string, number> = {};
    for (const { name, bind } of spec.ports) {
      ports[name] = bind ?? (await this.#context.ports.take(this.#owner(name)));
    }
    return ports;
  }

  #probe(): void {
    const { readiness, ports } = this.#current;
    if (readiness === null && ports.length === 0) {
      this.#keeper.setReady(true, null);
      return;
    }
    this.#prober = new Prober({
      probe: readiness ?? implicitProbe,
      ask: (timeoutMs) => this.#ask(timeoutMs),
      isOnce: readiness === null,
      onResult: (ready, reason) => this.#keeper.setReady(ready, reason),
      clock: this.#context.clock,
    });
  }

  async #ask(timeoutMs: number): Promise<ProbeResult> {
    const action = this.#current.readiness?.action;
    if (action === undefined) {
      const ports = Object.values(this.#ports);
      const results = await Promise.all(ports.map((port) => probeTcp(port, timeoutMs)));
      return results.find((result) => result !== null) ?? null;
    }
    if (action.kind === "exec") {
      const { cwd = this.#current.cwd, env = {} } = this.#launched ?? {};
      const command = action.command.map((word) => expandCommand(word, env));
      const argv = [...this.#context.capture.argvFor(this.#workload.uid), ...command];
      return probeExec({ command: argv, cwd, env }, timeoutMs);
    }
    const port = this.#ports[action.port];
    if (port === undefined) return `the process has no port "${action.port}"`;
    return action.kind === "tcp"
      ? probeTcp(port, timeoutMs)
      : probeHttp({ port, path: action.path, isTls: action.isTls ?? false }, timeoutMs);
  }

  #closeProber(): void {
    this.#prober?.close();
    this.#prober = null;
  }

  #changed(): void {
    const { phase, reason } = this.#keeper.observed;
    const { name, uid } = this.#workload;
    if (phase === "backoff" && reason !== null)
      this.#context.events.onRemark(uid, `${name} ${reason}`);
    this.#context.events.onChange();
  }
}

/**
 * Variables that name other services' listeners. As in Kubernetes, a running process keeps those it was born with: the
 * listeners of its proxy stay where they are. Without a proxy they name processes, which do not.
 */
const serviceVariable = /_SERVICE_(HOST|PORT|URL|PORT_[A-Z0-9_]+)$/;

function needsRestart(old: AppSpec, spec: AppSpec, hasProxy: boolean): boolean {
  const own = (each: AppSpec) => [
    each.command,
    each.cwd,
    each.ports,
    each.generation,
    each.capture !== undefined,
    Object.entries(each.env)
      .filter(([name]) => !hasProxy || !serviceVariable.test(name))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  ];
  return !isEqual(own(old), own(spec));
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
