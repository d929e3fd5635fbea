import { join } from "node:path";
import { type HostContext, runMark, runVariable } from "./context.ts";
import { Keeper } from "./keeper.ts";
import type { FromHost, ProcessObserved, ToHost, TokenRequest } from "./link.ts";
import { LogFile } from "./log-file.ts";

/** Beginning of the names of the control plane's own sockets. */
const OWN_SOCKETS = "control/";
/** From SIGTERM to SIGKILL, in ms; what it acknowledged is on disk already. */
const GRACE_MS = 700;

export interface ControlPlaneOptions {
  readonly command: readonly string[];
  readonly context: HostContext;
  readonly onMessage: (message: ToHost) => void;
  /** It has (re)started and is told everything anew. */
  readonly onStart: () => void;
}

/** The control plane as the supervisor sees it: one kept process that says what should run. */
export class ControlPlane {
  readonly #options: ControlPlaneOptions;
  readonly #keeper: Keeper;
  readonly #log: LogFile;
  #passed = new Map<string, unknown>();
  /** Latest wish of each workload, for when the control plane is away. */
  readonly #tokensWanted = new Map<string, TokenRequest>();

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    const { context } = options;
    this.#log = new LogFile(join(context.stateDir, "logs", "control.log"), context.clock);
    const mark = runMark(context.runId, "control", "control");
    this.#keeper = new Keeper({
      launch: async () => ({
        command: options.command,
        title: "the control plane",
        cwd: context.stateDir,
        env: { ...context.ownEnv, HEDDLE_MESH: context.stateDir, [runVariable]: mark },
        hasChannel: true,
      }),
      restart: "always",
      isOwn: true,
      cleanUp: null,
      sessions: context.sessions,
      clock: context.clock,
      log: this.#log,
      events: {
        onStart: () => this.#started(),
        onExit: () => undefined,
        onChange: () => this.#changed(),
        onMessage: (message) => this.#onMessage(message as ToHost),
        onLine: (stream, line) => context.events.onLine("control", "app", stream, line),
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

  async stop(): Promise<void> {
    await this.#keeper.stop(GRACE_MS);
    this.#log.close();
  }

  send(message: FromHost): void {
    this.#keeper.send(message);
  }

  /** Asks for a token; kept and asked again where the control plane is away. */
  wantToken(request: TokenRequest): void {
    this.#tokensWanted.set(request.workloadUid, request);
    this.send(request);
  }

  /** The workload is gone, and so is its wish. */
  forget(workloadUid: string): void {
    this.#tokensWanted.delete(workloadUid);
  }

  /** Tells which ports are bound, and passes it those of its own that it has not yet. */
  sendSockets(): void {
    const { sockets } = this.#options.context;
    this.send({ type: "sockets", ports: sockets.ports, failed: sockets.failed });
    for (const name of sockets.names) {
      if (!name.startsWith(OWN_SOCKETS)) continue;
      const held = sockets.get(name)!;
      if (this.#passed.get(name) === held) continue;
      this.#passed.set(name, held);
      this.#keeper.send({ type: "socket", name }, held.handle);
    }
  }

  #started(): void {
    this.#passed = new Map();
    this.#options.onStart();
    this.sendSockets();
    for (const request of this.#tokensWanted.values()) this.send(request);
  }

  #onMessage(message: ToHost): void {
    // It spoke, so it is up: its own readiness is that of its API, which its clients see.
    this.#keeper.setReady(true, null);
    if (message.type === "token") this.#tokensWanted.delete(message.workloadUid);
    this.#options.onMessage(message);
  }

  #changed(): void {
    const { phase, reason } = this.#keeper.observed;
    const { events } = this.#options.context;
    if (phase === "backoff" && reason !== null)
      events.onRemark("control", `control plane ${reason}`);
    events.onChange();
  }
}
