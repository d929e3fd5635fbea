import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { Tail, watchFolder } from "../api/tail.ts";
import { exits, Fault } from "../render/fault.ts";
import { formatLogLine, parseLogLine } from "../render/log-line.ts";
import { type MeshOptions, withExamples, withMesh } from "./options.ts";
import { meshOf, type World } from "./world.ts";

interface Options extends MeshOptions {
  readonly follow?: boolean;
  readonly tail: number;
  readonly timestamps?: boolean;
  readonly proxy?: boolean;
}

export function logsCommand(world: World): Command {
  const command = new Command("logs")
    .description("what applications, proxies and the control plane have written")
    .argument("[who...]", "kvs-0 · kvs for all of a Process · control; default: all applications")
    .option("-f, --follow", "and what they write from now on, until Ctrl-C")
    .option("--tail <lines>", "how many of the last lines of each", parseCount, 100)
    .option("-t, --timestamps", "with the time of each line")
    .option("--proxy", "what the proxies of these workloads wrote")
    .action(async (who: readonly string[], options: Options) => {
      const folder = join(await meshOf(world, options), "logs");
      const isProxy = options.proxy === true;
      const names = chooseLogs(folder, who, isProxy);
      const missing = who.filter((each) => chooseLogs(folder, [each], isProxy).length === 0);
      if (names.length === 0 || missing.length > 0) {
        throw nothingFound(world, missing, chooseLogs(folder, missing, true));
      }
      const printer = new LogPrinter(world, folder, names, options.timestamps === true);
      printer.printLast(options.tail);
      if (options.follow !== true) return;
      await follow(printer, folder, (file) => isWanted(file, who, isProxy));
    });
  return withExamples(withMesh(command), [
    ["heddle logs kvs-1", "the last lines of one workload"],
    ["heddle logs -f kvs", "all workloads of a Process, as they write"],
    ["heddle logs --proxy kvs-1", "its proxy"],
    ["heddle logs control", "the control plane"],
  ]);
}

class LogPrinter {
  readonly #world: World;
  readonly #folder: string;
  readonly #hasTime: boolean;
  readonly #tails = new Map<string, Tail>();
  #width: number;

  constructor(world: World, folder: string, names: readonly string[], hasTime: boolean) {
    this.#world = world;
    this.#folder = folder;
    this.#hasTime = hasTime;
    this.#width = Math.max(...names.map((name) => name.length));
    for (const name of names) this.#add(name);
  }

  /** The last lines of all, in the order in which they were written. */
  printLast(count: number): void {
    const lines = [...this.#tails].flatMap(([name, tail]) =>
      tail.last(count).map((line) => ({ name, line })),
    );
    lines.sort((a, b) =>
      timeOf(a.line) < timeOf(b.line) ? -1 : timeOf(a.line) > timeOf(b.line) ? 1 : 0,
    );
    for (const { name, line } of lines) this.#print(name, line);
  }

  printNext(name: string): void {
    const tail = this.#tails.get(name) ?? this.#add(name);
    for (const line of tail.next()) this.#print(name, line);
  }

  get names(): readonly string[] {
    return [...this.#tails.keys()];
  }

  #add(name: string): Tail {
    const tail = new Tail(join(this.#folder, `${name}.log`));
    this.#tails.set(name, tail);
    this.#width = Math.max(this.#width, name.length);
    return tail;
  }

  #print(name: string, text: string): void {
    const line = parseLogLine(text);
    if (line === null) return;
    const index = this.names.indexOf(name);
    const { out } = this.#world;
    const look = { name, width: this.#width, index, hasTime: this.#hasTime, style: out.style };
    out.write(formatLogLine(line, look));
  }
}

async function follow(
  printer: LogPrinter,
  folder: string,
  isOurs: (name: string) => boolean,
): Promise<void> {
  const stop = new AbortController();
  await new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve()).once("SIGTERM", () => resolve());
    watchFolder(folder, stop.signal, (file) => {
      const name = file.endsWith(".log") ? file.slice(0, -".log".length) : null;
      if (name !== null && isOurs(name)) printer.printNext(name);
    });
    for (const name of printer.names) printer.printNext(name); // written before the watch began
  });
  stop.abort();
}

function chooseLogs(folder: string, who: readonly string[], isProxy: boolean): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(".log"))
    .map((file) => file.slice(0, -".log".length))
    .filter((name) => isWanted(name, who, isProxy))
    .sort();
}

/** Log names are `kvs-0`, `kvs-0.proxy`, `kvs-0.shop`, `kvs-0.shop.proxy`, `control`. */
function isWanted(name: string, who: readonly string[], isProxy: boolean): boolean {
  if (name === "control") return who.includes("control");
  if (name.endsWith(".proxy") !== isProxy) return false;
  if (who.length === 0) return true;
  const workload = name.replace(/\.proxy$/, "");
  const process = workload.replace(/-\d+(?=$|\.)/, "");
  return who.some((each) => {
    const word = each.replace(/^\w+\//, "");
    return word === workload || word === process;
  });
}

/** A gateway, for one, has no application: only its proxy writes. */
function nothingFound(world: World, who: readonly string[], proxies: readonly string[]): Fault {
  const whose = who.length === 0 ? "anybody" : who.join(", ");
  return new Fault(
    exits.no,
    `there is no log of ${whose} here`,
    proxies.length === 0 ? `${world.program} ps` : `${world.program} logs --proxy ${who.join(" ")}`,
  );
}

function timeOf(line: string): string {
  return line.slice(0, line.indexOf(" "));
}

function parseCount(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError("expected a number of lines");
  return Number(text);
}
