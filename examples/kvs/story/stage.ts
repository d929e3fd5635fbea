import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { ApiClient } from "../../../packages/cli/src/api/client.ts";
import { openGuest } from "../../../packages/cli/src/api/guest.ts";

const example = dirname(import.meta.dirname);
const main = join(example, "../../packages/cli/src/main.ts");
const program = join(example, "../../heddle");

/** A process that died is started again after a while; looked for every half second. */
const PID_ATTEMPTS = 20;

export interface CommandResult {
  readonly code: number;
  /** What it printed, errors too. */
  readonly text: string;
}

/** The script's own place among the workloads: whatever it sends to `url` passes its own proxy. */
export interface Place {
  readonly name: string;
  /** Where kvs is, as this workload is told. */
  readonly url: URL;
  /** Its environment, for programs that it starts. */
  readonly env: Readonly<Record<string, string>>;
  leave(): Promise<void>;
}

/** A copy of the example in a folder of its own; meshes that run in it; and what is told of them. */
export class Stage {
  /** The copy of `examples/kvs`. */
  readonly folder: string;
  /** What was told, in order. */
  readonly lines: string[] = [];
  readonly #print: (line: string) => void;
  /** Folders of manifests whose mesh runs. */
  readonly #meshes = new Set<string>();
  #closing: Promise<void> | null = null;
  readonly #onExit = () => this.#remove();

  constructor(print: (line: string) => void = () => {}) {
    this.#print = print;
    this.folder = mkdtempSync(join(tmpdir(), "heddle-story-"));
    const isMeant = (path: string) => !path.endsWith(".heddle");
    cpSync(example, this.folder, { recursive: true, filter: isMeant });
    process.once("exit", this.#onExit);
  }

  /** The folder that commands run in: of the mesh that was started last. */
  get #where(): string {
    return [...this.#meshes].at(-1) ?? join(this.folder, "story");
  }

  say(line: string): void {
    this.lines.push(line);
    this.#print(line);
  }

  /** Starts a mesh from a manifest of the copy, and returns once all of it is ready. */
  async up(manifest: string): Promise<CommandResult> {
    const file = join(this.folder, manifest);
    this.#meshes.add(dirname(file));
    const { code, text } = await this.#run(["up", "-d", file]);
    if (code !== 0) throw new Error(`heddle up ${manifest} ended with ${code}:\n${text}`);
    this.say(`$ heddle up -d ${manifest}`);
    for (const line of text.split("\n").filter((each) => /^(Ready| !)/.test(each))) this.say(line);
    return { code, text };
  }

  /** Compiles manifests into files for proxies that nobody drives, on ports that are free. */
  async compile(manifests: readonly string[], folder: string): Promise<void> {
    const files = manifests.map((manifest) => join(this.folder, manifest));
    const firstPort = String(await freePorts(32));
    await this.quietly(
      "compile",
      ...files,
      "-o",
      join(this.folder, folder),
      "--first-port",
      firstPort,
    );
    this.say(`$ heddle compile ${manifests.join(" ")} -o ${folder}`);
  }

  /** Ends the mesh that was started last. */
  async down(): Promise<void> {
    const where = this.#where;
    await this.#run(["down", "-v"]);
    this.#meshes.delete(where);
  }

  /** Runs a command of heddle, and tells it with what it printed. */
  async heddle(...args: readonly string[]): Promise<CommandResult> {
    const result = await this.#run(args);
    this.say(`$ heddle ${args.join(" ")}; echo exit $?`);
    for (const line of result.text.trimEnd().split("\n")) this.say(line);
    this.say(`exit ${result.code}`);
    return result;
  }

  /** Runs a command and tells nothing. @throws where it fails. */
  async quietly(...args: readonly string[]): Promise<string> {
    const { code, text } = await this.#run(args);
    if (code !== 0) throw new Error(`heddle ${args.join(" ")} ended with ${code}:\n${text}`);
    return text;
  }

  /** Makes this script a workload of the mesh. */
  async join(name: string): Promise<Place> {
    const api = ApiClient.open(join(this.#where, ".heddle"));
    const request = { name, namespace: "default", serviceAccountName: null };
    const { grant, close } = await openGuest(api, request);
    return { name, url: new URL(grant.env["KVS_SERVICE_URL"]!), env: grant.env, leave: close };
  }

  /** A signal to a workload's process, as an operator would send it: nobody is told. */
  async signal(workload: string, signal: NodeJS.Signals): Promise<void> {
    const pid = await this.#pidOf(workload);
    process.kill(pid, signal);
    this.say(`$ kill -${signal.slice(3)} ${pid}     # the process of ${workload}`);
  }

  /** Which keys each process has answered for, as its own history says. */
  async keysByProcess(): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
    const text = await this.quietly("history", "service/kvs", "--last", "all");
    const found = [...text.matchAll(/^History\[(.*)\]\n(.*)$/gm)];
    const keysOf = (list: string) => [...list.matchAll(/Recv•Req=\(kvs, \w+\((\d+)/g)];
    return new Map(
      found.map(([, workload, list]) => [
        workload!,
        new Set(keysOf(list!).map(([, key]) => Number(key))),
      ]),
    );
  }

  /** Ends all that was started, and takes the copy away. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      while (this.#meshes.size > 0) await this.down();
      process.off("exit", this.#onExit);
      this.#remove();
    })();
    return this.#closing;
  }

  /** Of its process; one that has just died is waited for. */
  async #pidOf(workload: string): Promise<number> {
    for (let attempt = 1; attempt <= PID_ATTEMPTS; attempt++) {
      const rows = JSON.parse(await this.quietly("ps", "-o", "json")) as readonly {
        readonly name: string;
        readonly app: { readonly pid: number | null } | null;
      }[];
      const pid = rows.find(({ name }) => name === workload)?.app?.pid ?? null;
      if (pid !== null) return pid;
      await setTimeout(500);
    }
    throw new Error(`${workload} has no process`);
  }

  #remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #run(args: readonly string[]): Promise<CommandResult> {
    const where = this.#where;
    // Ours is meant, never another that happens to run.
    const env = { ...process.env, HEDDLE_MESH: join(where, ".heddle") };
    const argv = ["--disable-warning=ExperimentalWarning", main, ...args];
    const options = { cwd: existsSync(where) ? where : this.folder, env, maxBuffer: 256 << 20 };
    return new Promise((resolve) => {
      execFile(process.execPath, argv, options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        const text = `${stdout}${stderr}`.replaceAll(program, "heddle");
        resolve({ code, text: text.replaceAll(`${this.folder}/`, "") });
      });
    });
  }
}

/** The first of `count` ports in a row that are free now, below those that the kernel takes for outgoing connections. */
async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * (10_000 - count));
    const free = await Promise.all(Array.from({ length: count }, (_, at) => isFree(first + at)));
    if (free.every(Boolean)) return first;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
