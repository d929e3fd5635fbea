import { execFile, spawnSync } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./ports.ts";

const root = join(import.meta.dirname, "..", "..");

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface WorkloadView {
  readonly name: string;
  readonly isReady: boolean;
  readonly app: { readonly pid: number | null; readonly restarts: number } | null;
  readonly proxy: { readonly pid: number | null; readonly restarts: number } | null;
}

/** A real mesh of the example, in a folder of its own, on ports of its own. */
export class ExampleMesh {
  readonly folder: string;
  readonly gatewayPort: number;

  private constructor(folder: string, gatewayPort: number) {
    this.folder = folder;
    this.gatewayPort = gatewayPort;
  }

  /** Copies the example, starts it in the background and returns once all is ready. */
  static async start(edit: (manifest: string) => string = (text) => text): Promise<ExampleMesh> {
    const folder = await mkdtemp(join(tmpdir(), "heddle-mesh-"));
    await cp(join(root, "examples", "kvs"), folder, {
      recursive: true,
      filter: (path) => !path.endsWith(".heddle"),
    });
    const port = await freePort();
    const manifest = join(folder, "mesh.yaml");
    const text = await readFile(manifest, "utf8");
    await writeFile(manifest, edit(text.replace("port: 8080", `port: ${port}`)));
    const mesh = new ExampleMesh(folder, port);
    const up = await mesh.heddle("up", "-d", "mesh.yaml");
    if (up.code !== 0) {
      await mesh.stop();
      throw new Error(`up ended with ${up.code}:\n${up.stdout}${up.stderr}`);
    }
    return mesh;
  }

  get url(): string {
    return `http://127.0.0.1:${this.gatewayPort}`;
  }

  /** Runs the command line in the mesh's folder. */
  heddle(...args: readonly string[]): Promise<CommandResult> {
    return runHeddle(args, this.folder);
  }

  /** Runs it and parses what `-o json` printed. */
  async json<T>(...args: readonly string[]): Promise<T> {
    const result = await this.heddle(...args, "-o", "json");
    if (result.code !== 0) throw new Error(`heddle ${args.join(" ")}: ${result.stderr}`);
    return JSON.parse(result.stdout) as T;
  }

  workloads(): Promise<readonly WorkloadView[]> {
    return this.json("ps");
  }

  /** The process id of the control plane. */
  async controlPid(): Promise<number> {
    const info = JSON.parse(await readFile(join(this.folder, ".heddle", "host.json"), "utf8")) as {
      readonly pid: number;
    };
    const children = spawnSync("ps", ["-o", "pid=,args=", "--ppid", String(info.pid)], {
      encoding: "utf8",
    });
    const line = children.stdout
      .split("\n")
      .find((text) => /control\/src\/main|control\.mjs/.test(text));
    if (line === undefined) throw new Error(`no control plane among:\n${children.stdout}`);
    return Number.parseInt(line, 10);
  }

  async stop(): Promise<void> {
    await this.heddle("down", "-v");
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Runs `heddle` with the Node that runs this. */
export function runHeddle(args: readonly string[], cwd: string): Promise<CommandResult> {
  return new Promise((resolve) => {
    const main = join(root, "packages", "cli", "src", "main.ts");
    const argv = ["--disable-warning=ExperimentalWarning", main, ...args];
    execFile(
      process.execPath,
      argv,
      { cwd, timeout: 120_000, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        resolve({ code, stdout, stderr });
      },
    );
  });
}
