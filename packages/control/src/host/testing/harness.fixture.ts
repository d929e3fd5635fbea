import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { bindSocket } from "@heddle/mesh/net/bound-socket.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import type { AppSpec, Desired, WorkloadSpec } from "../link.ts";
import { detectPlatform } from "../platform.ts";
import { Supervisor, type SupervisorEvents } from "../supervisor.ts";

/** No wait of a test is longer, in ms. */
const PATIENCE_MS = 20_000;

/** A supervisor with the fixtures as its control plane and proxies. */
export function hostFor(stateDir: string, runId: string, events: SupervisorEvents): Supervisor {
  const script = (name: string) => [process.execPath, join(import.meta.dirname, name)];
  const env = { PATH: process.env["PATH"] ?? "" };
  return new Supervisor({
    stateDir,
    runId,
    controlCommand: script("control.fixture.ts"),
    proxyCommand: script("proxy.fixture.ts"),
    appEnv: env,
    ownEnv: env,
    bind: bindSocket,
    platform: detectPlatform(),
    clock: new SystemClock(),
    rng: new SeededRng(process.pid),
    events,
  });
}

export interface Seen {
  readonly name: string;
  readonly pid: number;
  readonly env: Readonly<Record<string, string>>;
  isAlive: boolean;
}

/** A place for one test: a state folder, a supervisor, and a server to which applications report. */
export class Harness {
  readonly stateDir = mkdtempSync(join(tmpdir(), "heddle-host-"));
  readonly remarks: string[] = [];
  readonly lines: string[] = [];
  /** Every application that ever reported, in order. */
  readonly seen: Seen[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Set<() => void>();
  #supervisor: Supervisor | null = null;

  constructor() {
    this.#server = createServer((socket) => this.#report(socket));
  }

  get supervisor(): Supervisor {
    this.#supervisor ??= hostFor(this.stateDir, `run-${process.pid}`, {
      onChange: () => this.#wake(),
      onRemark: (_, message) => {
        this.remarks.push(message);
        this.#wake();
      },
      onLine: (uid, part, _stream, line) => {
        this.lines.push(`${uid}/${part}: ${line}`);
        this.#wake();
      },
    });
    return this.#supervisor;
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  async close(): Promise<void> {
    await this.#supervisor?.stop();
    for (const socket of this.#sockets) socket.destroy(); // whoever is left exits
    this.#server.close();
    rmSync(this.stateDir, { recursive: true, force: true });
  }

  /** An application of the fixture with these manners. */
  app(name: string, manners: readonly string[] = [], more: Partial<AppSpec> = {}): AppSpec {
    const { port } = this.#server.address() as { port: number };
    return {
      command: ["node", join(import.meta.dirname, "app.fixture.ts"), name, ...manners],
      cwd: this.stateDir,
      env: { REPORT_PORT: String(port), ...more.env },
      ports: [],
      readiness: null,
      restart: "always",
      graceMs: 10_000,
      generation: 1,
      ...without(more, "env"),
    };
  }

  workload(name: string, parts: Partial<WorkloadSpec>): WorkloadSpec {
    const nothing = { app: null, proxy: null, drain: false, mayRestart: false };
    return { ...nothing, namespace: "default", uid: `uid-${name}`, name, ...parts };
  }

  /** Has the control plane desire this, now and after each of its restarts. */
  desire(desired: Omit<Desired, "type">): void {
    writeFileSync(
      join(this.stateDir, "desired.json"),
      JSON.stringify({ type: "desired", ...desired }),
    );
    const pid = this.#supervisor?.status().control.pid ?? null;
    if (pid !== null) process.kill(pid, "SIGHUP");
  }

  /** Resolves once `find` finds something; asked again at each event. */
  until<T>(what: string, find: () => T | undefined | null | false): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        const status = JSON.stringify(this.#supervisor?.status().workloads, null, 1);
        reject(new Error(`never saw ${what}; ${status} ${this.remarks} ${this.lines.join("\n")}`));
      }, PATIENCE_MS);
      const check = () => {
        const found = find();
        if (found === undefined || found === null || found === false) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(found);
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** The workload's state. */
  observed(name: string) {
    return this.supervisor.status().workloads.find((each) => each.name === name);
  }

  /** The living application called `name`. */
  alive(name: string): Seen | undefined {
    return this.seen.findLast((each) => each.name === name && each.isAlive);
  }

  #report(socket: Socket): void {
    this.#sockets.add(socket);
    let text = "";
    let seen: Seen | null = null;
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      text += bytes;
      if (seen !== null || !text.includes("\n")) return;
      seen = { ...JSON.parse(text), isAlive: true } as Seen;
      this.seen.push(seen);
      this.#wake();
    });
    socket.on("close", () => {
      this.#sockets.delete(socket);
      if (seen !== null) seen.isAlive = false;
      this.#wake();
    });
  }

  #wake(): void {
    for (const check of [...this.#waiting]) check();
  }
}

function without<T extends object, K extends keyof T>(object: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = object;
  return rest;
}
