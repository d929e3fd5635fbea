import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { findProgram } from "@heddle/control/host/platform.ts";
import { NotRun } from "../suite.ts";

/** Where `tool` is, or null. /usr/sbin is looked at too, where a user's PATH often does not point. */
export function findTool(tool: string): string | null {
  return findProgram(tool, `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/go/bin`, "/");
}

/** What a program that ran to its end has said. */
export interface Ran {
  /** Null where it was stopped because it took too long. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, or for `timeoutMs`; its input is `input`, then the end. */
export function runProgram(
  command: readonly string[],
  options: {
    readonly timeoutMs: number;
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly input?: string | Buffer;
  },
): Promise<Ran> {
  const [program = "", ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: "pipe",
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let isLate = false;
    const late = setTimeout(() => {
      isLate = true;
      child.kill("SIGKILL");
    }, options.timeoutMs);
    child.stdout.on("data", (bytes: Buffer) => out.push(bytes));
    child.stderr.on("data", (bytes: Buffer) => err.push(bytes));
    child.stdin.on("error", () => {}); // it may end without reading
    child.stdin.end(options.input ?? "");
    const end = (code: number | null): void => {
      clearTimeout(late);
      resolve({
        code: isLate ? null : code,
        stdout: Buffer.concat(out).toString("latin1"),
        stderr: Buffer.concat(err).toString("latin1"),
      });
    };
    child.once("error", (error) => {
      err.push(Buffer.from(error.message));
      end(127);
    });
    child.once("close", end);
  });
}

/** A program that runs while a suite does, with the end of what it said. */
export class Program {
  readonly process: ChildProcess;
  readonly #ended: Promise<void>;
  #said = "";

  constructor(
    command: readonly string[],
    options: {
      readonly cwd?: string;
      readonly env?: Readonly<Record<string, string>>;
      /** A Node program that is spoken to over IPC. */
      readonly hasChannel?: boolean;
    } = {},
  ) {
    const [program = "", ...args] = command;
    this.process = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe", ...(options.hasChannel === true ? ["ipc" as const] : [])],
    });
    const keep = (bytes: Buffer): void => {
      this.#said = (this.#said + bytes.toString("latin1")).slice(-4000);
    };
    this.process.stdout!.on("data", keep);
    this.process.stderr!.on("data", keep);
    this.#ended = new Promise((resolve) => {
      this.process.once("exit", () => resolve());
      this.process.once("error", (error) => {
        keep(Buffer.from(error.message));
        resolve();
      });
    });
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }
  get isRunning(): boolean {
    return this.pid > 0 && this.process.exitCode === null && this.process.signalCode === null;
  }
  /** Its last words, at most 4,000 characters. */
  get said(): string {
    return this.#said.trim();
  }

  /** SIGTERM, after 2 s SIGKILL. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.process.kill("SIGTERM");
    const late = setTimeout(() => this.process.kill("SIGKILL"), 2000);
    await this.#ended;
    clearTimeout(late);
  }

  /** For the exit of this process, where nothing can be awaited. */
  kill(): void {
    if (this.isRunning) this.process.kill("SIGKILL");
  }
}

/**
 * Builds programs of Go modules that `module` (a folder with go.mod and go.sum) pins, into `folder`; modules come through the
 * Go module proxy into a path of their own there. Throws NotRun without Go, or where they cannot be fetched.
 */
export function buildGo(
  module: string,
  packages: readonly string[],
  folder: string,
): readonly string[] {
  const go = findTool("go");
  if (go === null) throw new NotRun("go is not installed (apt-get install golang-go)");
  const path = join(folder, "go");
  return packages.map((name) => {
    const binary = join(folder, name.replaceAll("/", "-"));
    const done = spawnSync(go, ["build", "-o", binary, name], {
      cwd: module,
      encoding: "utf8",
      timeout: 600_000,
      // -modcacherw: a module cache is read-only otherwise, and this one is removed with the folder.
      env: {
        ...process.env,
        GOPATH: path,
        GOMODCACHE: join(path, "pkg/mod"),
        GOFLAGS: "-modcacherw -buildvcs=false",
      },
    });
    if (done.status !== 0) {
      const words = done.stderr
        .replace(/^go: downloading .*\n/gm, "")
        .trim()
        .slice(-500);
      const why = done.error?.message ?? (words || `ended by ${done.signal}`);
      throw new NotRun(`go build ${name}: ${why}`);
    }
    return binary;
  });
}
