import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { freePort } from "./ports.ts";

const root = join(import.meta.dirname, "..", "..");

/** A command that a page shows, and what the page says it prints; null where the page says nothing. */
export interface Step {
  readonly line: number;
  readonly command: string;
  readonly printed: readonly string[] | null;
}

/** What a command did. `text` is both of its streams, in the words the page would use. */
export interface Outcome {
  readonly code: number;
  readonly text: string;
}

/** The commands in a page's ```console blocks. */
export function parseSteps(page: string): readonly Step[] {
  const steps: { line: number; command: string; printed: string[] }[] = [];
  let isConsole = false;
  for (const [index, text] of page.split("\n").entries()) {
    if (text.startsWith("```")) isConsole = !isConsole && text === "```console";
    else if (isConsole && text.startsWith("$ ")) {
      steps.push({ line: index + 1, command: text.slice(2), printed: [] });
    } else if (isConsole) steps.at(-1)?.printed.push(text);
  }
  return steps.map((step) => ({ ...step, printed: step.printed.length > 0 ? step.printed : null }));
}

/**
 * Are these lines of the shape that the page prints? Figures may differ, columns may be as wide as they need, a line that is
 * only `…` stands for any lines, and one that ends with it for any end.
 */
export function hasShape(text: string, printed: readonly string[]): boolean {
  const pattern = printed.map((line) => {
    if (line === "…") return "(?:.*\n)*?";
    const literal = maskFigures(line).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return `${literal.endsWith("…") ? `${literal.slice(0, -1)}.*` : literal}\n`;
  });
  const lines = text.replace(/\n$/, "").split("\n");
  return new RegExp(`^${pattern.join("")}$`).test(`${lines.map(maskFigures).join("\n")}\n`);
}

/** Exit codes, statuses alone on a line and numbers that belong to a name stay. */
function maskFigures(line: string): string {
  if (/^(exit )?\d+$/.test(line)) return line;
  return line
    .replace(/\b[0-9a-f]{4}:[0-9a-f]{4}\b/g, "#") // a fingerprint
    .replace(/-\d+(?=\.default)/g, "-#") // whoever of several answered
    .replace(/"v\d+"/g, '"v#"') // a value that a driver wrote
    .replace(/(?<![\w-])\d[\d.,:/]*(%|[a-zµ]+(\d+[a-z]+)*)?(?![\w])/g, "#")
    .replace(/(?<=^| )-(?= |$)/g, "#") // nothing to count
    .replace(/ +/g, " ")
    .trimEnd();
}

/** A copy of what the pages name, in a folder of its own, on ports of its own. */
export class Scratch {
  readonly folder: string;
  readonly #port: number;

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.#port = port;
  }

  static async make(): Promise<Scratch> {
    const folder = await mkdtemp(join(tmpdir(), "heddle-page-"));
    const scratch = new Scratch(folder, await freePort());
    const isOurs = (path: string) => !path.endsWith(".heddle");
    await cp(join(root, "examples"), join(folder, "examples"), { recursive: true, filter: isOurs });
    const firstPort = 16_000 + (scratch.#port % 3900); // below those that supervisors give
    for (const path of await readdir(join(folder, "examples"), { recursive: true })) {
      if (!/\.(yaml|json)$/.test(path)) continue;
      const file = join(folder, "examples", path);
      const text = scratch.#moved(await readFile(file, "utf8"));
      await writeFile(
        file,
        text.replace(/\b150(\d\d)\b/g, (_, last: string) => String(firstPort + Number(last))),
      );
    }
    await mkdir(join(folder, "run"), { mode: 0o700 });
    await writeFile(join(folder, ".curlrc"), "silent\nshow-error\n"); // as on a terminal: no meter
    await symlink(join(root, "heddle"), join(folder, "heddle"));
    return scratch;
  }

  /** Runs a command as the page says it. One that Ctrl-C stops gets it after the first words. */
  run(command: string): Promise<Outcome> {
    const isEndless = /# Ctrl-C/.test(command);
    const line = this.#moved(isEndless ? `exec ${command}` : command);
    const { HEDDLE_MESH: _, ...env } = process.env;
    const child = spawn("sh", ["-c", line], {
      cwd: this.folder,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...env,
        PATH: `${dirname(process.execPath)}:${env["PATH"]}`,
        XDG_RUNTIME_DIR: join(this.folder, "run"),
        CURL_HOME: this.folder,
      },
    });
    let text = "";
    let isInterrupted = false;
    const onData = (piece: Buffer) => {
      text += String(piece);
      if (!isEndless || isInterrupted) return;
      isInterrupted = true;
      process.kill(-child.pid!, "SIGINT");
    };
    child.stdout.on("data", onData);
    child.stderr.on("data", onData);
    return new Promise((resolve) => {
      const onLate = () => process.kill(-child.pid!, "SIGKILL");
      const timer = setTimeout(onLate, 60_000);
      child.once("close", (code) => {
        clearTimeout(timer);
        resolve({ code: code ?? 1, text: this.#asOnPage(text) });
      });
    });
  }

  async remove(): Promise<void> {
    await this.run("./heddle down -v");
    await rm(this.folder, { recursive: true, force: true });
  }

  #moved(text: string): string {
    return text.replace(/\b8080\b/g, String(this.#port));
  }

  #asOnPage(text: string): string {
    return text
      .replaceAll(join(root, "heddle"), "./heddle")
      .replaceAll(`${this.folder}/`, "")
      .replaceAll(String(this.#port), "8080")
      .replace(
        new RegExp(`\\b${userInfo().username}(?= +(up|apply|delete|rollback) )`, "g"),
        "dana",
      );
  }
}

/** What is counted or written a moment later than it happened. */
const lagging = /^\.\/heddle (stat|edges|logs|ps|endpoints|check)\b/;

/** Runs a step until it is as the page says; what shows a moment later is asked again, for some seconds. */
export async function follow(
  scratch: Scratch,
  step: Step,
): Promise<Outcome & { isAsShown: boolean }> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await scratch.run(step.command);
    const isAsShown =
      outcome.code === 0 && (step.printed === null || hasShape(outcome.text, step.printed));
    if (isAsShown || attempt === 10 || !lagging.test(step.command))
      return { ...outcome, isAsShown };
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
