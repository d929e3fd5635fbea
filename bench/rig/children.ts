import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { type BoundTcpSocket, sendSocket } from "@heddle/mesh/net/bound-socket.ts";

/** A process the bench started, with the end of what it said, for reasons. */
export class Child {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  #said = "";

  constructor(name: string, process: ChildProcess) {
    this.name = name;
    this.#process = process;
    const keep = (chunk: string): void => {
      this.#said = (this.#said + chunk).slice(-2000);
    };
    process.stdout?.setEncoding("utf8").on("data", keep);
    process.stderr?.setEncoding("utf8").on("data", keep);
    this.#ended = new Promise((resolve) => {
      process.once("exit", () => resolve());
      process.once("error", (error) => {
        keep(error.message);
        resolve();
      });
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }
  get isRunning(): boolean {
    return this.pid > 0 && this.#process.exitCode === null && this.#process.signalCode === null;
  }
  /** Its last words on stdout and stderr, at most 2,000 characters. */
  get said(): string {
    return this.#said.trim();
  }

  /** Sends over the IPC channel of a process started with one. */
  send(message: Record<string, unknown>): void {
    this.#process.send?.(message);
  }

  /** The same with a bound socket, which stays open here. */
  sendSocket(message: Record<string, unknown>, socket: BoundTcpSocket): Promise<void> {
    return sendSocket(this.#process, message, socket);
  }

  /** The process and everything below it: nginx works in a child of the one started. */
  tree(): number[] {
    return descendants(this.pid);
  }

  /** SIGTERM, after 2 s SIGKILL. Resolves when it is gone. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const tree = this.tree();
    this.#process.kill("SIGTERM");
    const late = setTimeout(() => tree.forEach(killQuietly), 2000);
    await this.#ended;
    clearTimeout(late);
  }

  /** For the exit of the bench itself, where nothing can be awaited. */
  kill(): void {
    if (this.isRunning) this.tree().forEach(killQuietly);
  }
}

/** Every process of one run; `stopAll` and the exit of the bench leave none behind. */
export class Children {
  readonly #running = new Set<Child>();

  constructor() {
    process.once("exit", () => {
      for (const child of this.#running) child.kill();
    });
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => process.exit(signal === "SIGINT" ? 130 : 143));
    }
  }

  /** Starts `command` bound to one core. Failure to start shows in `isRunning` and `said`. */
  start(options: {
    readonly name: string;
    readonly cpu: number;
    readonly command: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    /** A Node process that is spoken to over IPC. */
    readonly hasChannel?: boolean;
  }): Child {
    const { name, cpu, command, env = {}, hasChannel = false } = options;
    const started = spawn("taskset", ["-c", String(cpu), ...command], {
      stdio: ["ignore", "pipe", "pipe", ...(hasChannel ? ["ipc" as const] : [])],
      env: { ...process.env, ...env },
    });
    const child = new Child(name, started);
    this.#running.add(child);
    return child;
  }

  async stop(children: readonly Child[]): Promise<void> {
    await Promise.all(children.map((child) => child.stop()));
    for (const child of children) this.#running.delete(child);
  }

  stopAll(): Promise<void> {
    return this.stop([...this.#running]);
  }
}

/** The pid and all its descendants, from /proc. */
export function descendants(root: number): number[] {
  const found = [root];
  for (let next = 0; next < found.length; next++) {
    try {
      for (const task of readdirSync(`/proc/${found[next]}/task`)) {
        const children = readFileSync(`/proc/${found[next]}/task/${task}/children`, "utf8");
        found.push(...children.split(" ").filter(Boolean).map(Number));
      }
    } catch {
      // The process ended while it was looked at: it has no children any more.
    }
  }
  return found;
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Already gone.
  }
}
