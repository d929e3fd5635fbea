import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { FromProxy, ToProxy } from "@heddle/mesh/proxy/host-link.ts";
import { type HostContext, runMark, runVariable } from "./context.ts";
import { Keeper, type Launch } from "./keeper.ts";
import type { ProcessObserved, ProxySpec, TokenIssued, WorkloadSpec } from "./link.ts";
import { LogFile } from "./log-file.ts";
import { logName } from "./log-name.ts";

/** The proxy of one workload: one kept process, to which sockets and tokens are passed. */
export class Sidecar {
  readonly #context: HostContext;
  readonly #workload: Pick<WorkloadSpec, "uid" | "name" | "namespace">;
  readonly #keeper: Keeper;
  readonly #log: LogFile;
  #spec: ProxySpec;
  #passed = new Map<string, unknown>();
  #onDrained: (() => void) | null = null;

  constructor(workload: WorkloadSpec, spec: ProxySpec, context: HostContext) {
    this.#workload = workload;
    this.#spec = spec;
    this.#context = context;
    const log = join(context.stateDir, "logs", `${logName(workload)}.proxy.log`);
    this.#log = new LogFile(log, context.clock);
    const mark = runMark(context.runId, workload.uid, "proxy");
    this.#keeper = new Keeper({
      launch: async () => this.#launch(mark),
      restart: "always",
      isOwn: true,
      cleanUp: null,
      sessions: context.sessions,
      clock: context.clock,
      log: this.#log,
      events: {
        onStart: () => this.#greet(),
        onExit: () => this.#onDrained?.(),
        onChange: () => this.#changed(),
        onMessage: (message) => this.#onMessage(message as FromProxy),
        onLine: (stream, line) => context.events.onLine(workload.uid, "proxy", stream, line),
      },
    });
  }

  get observed(): ProcessObserved {
    return this.#keeper.observed;
  }

  get recentLines(): readonly string[] {
    return this.#log.recent;
  }

  start(): void {
    this.#keeper.start();
  }

  /** Takes a new spec, and passes what has become bound since. */
  update(spec: ProxySpec): void {
    const isMoved =
      spec.stateDir !== this.#spec.stateDir || spec.controlSocket !== this.#spec.controlSocket;
    this.#spec = spec;
    if (isMoved) void this.#keeper.restart(1000);
    else this.#passSockets();
  }

  /** Passes on a token that it asked for. */
  give(token: TokenIssued): void {
    this.#send({ type: "token", token: token.token, bundlePem: token.bundlePem });
  }

  /**
   * Asks it to finish what is in flight; `isFinal`: for good, else for a restart of the application. Resolves when it has,
   * when it ends, after `graceMs`, or when it is asked again.
   */
  drain({ graceMs, isFinal }: { graceMs: number; isFinal: boolean }): Promise<void> {
    this.cutDrain();
    if (!this.#keeper.isRunning) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = () => {
        timer.cancel();
        this.#onDrained = null;
        resolve();
      };
      const timer = this.#context.clock.after(graceMs, finish);
      this.#onDrained = finish;
      this.#send({ type: "drain", isFinal });
    });
  }

  /** Ends the wait of `drain` now. */
  cutDrain(): void {
    this.#onDrained?.();
  }

  async stop(graceMs: number): Promise<void> {
    await this.#keeper.stop(graceMs);
    this.#log.close();
  }

  #launch(mark: string): Launch | { problem: string } {
    const { sockets, stateDir, ownEnv, proxyCommand } = this.#context;
    const { controlSocket } = this.#spec;
    if (sockets.get(controlSocket) === null) {
      return { problem: sockets.failure(controlSocket) ?? `no socket ${controlSocket} yet` };
    }
    mkdirSync(this.#spec.stateDir, { recursive: true, mode: 0o700 });
    const env = {
      ...ownEnv,
      HEDDLE_MESH: stateDir,
      HEDDLE_WORKLOAD: `${this.#workload.name}.${this.#workload.namespace}`,
      [runVariable]: mark,
    };
    const title = `the proxy of ${this.#workload.name}`;
    return { command: proxyCommand, title, cwd: this.#spec.stateDir, env, hasChannel: true };
  }

  #greet(): void {
    this.#passed = new Map();
    const port = this.#context.sockets.get(this.#spec.controlSocket)?.port ?? 0;
    this.#send({
      type: "start",
      workloadUid: this.#workload.uid,
      stateDir: this.#spec.stateDir,
      control: { host: "127.0.0.1", port },
    });
    this.#passSockets();
  }

  #passSockets(): void {
    if (!this.#keeper.isRunning) return;
    for (const name of this.#spec.sockets) {
      const held = this.#context.sockets.get(name);
      if (held === null || this.#passed.get(name) === held) continue;
      this.#passed.set(name, held);
      this.#send({ type: "socket", name }, held.handle);
    }
  }

  #onMessage(message: FromProxy): void {
    switch (message.type) {
      case "token-wanted":
        this.#context.events.onTokenWanted(this.#workload.uid, message.keyFingerprint);
        break;
      case "ready":
        this.#keeper.setReady(true, null);
        break;
      case "drained":
        this.#onDrained?.();
        break;
    }
  }

  #send(message: ToProxy, handle?: unknown): void {
    this.#keeper.send(message, handle);
  }

  #changed(): void {
    const { phase, reason } = this.#keeper.observed;
    if (phase === "backoff" && reason !== null) {
      this.#context.events.onRemark(
        this.#workload.uid,
        `proxy of ${this.#workload.name} ${reason}`,
      );
    }
    this.#context.events.onChange();
  }
}
