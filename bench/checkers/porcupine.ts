import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Operation } from "../../packages/mesh/src/contract/operation.ts";
import type { VerdictWord } from "../../packages/mesh/src/contract/verdict.ts";
import { NotMeasured } from "../rig/not-measured.ts";
import { findTool } from "../rig/tools.ts";

/** What Porcupine says of one history, and how long it took for it, on one core. */
export interface PorcupineAnswer {
  readonly word: VerdictWord;
  readonly ms: number;
}

/** Porcupine (github.com/anishathalye/porcupine), built from `bench/porcupine`. */
export class Porcupine {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Throws NotMeasured where there is no Go, or its module cannot be fetched. */
  static build(): Porcupine {
    const go = findTool("go");
    if (go === null) throw new NotMeasured("go is not installed (apt-get install golang-go)");
    const folder = mkdtempSync(join(tmpdir(), "heddle-porcupine-"));
    const done = spawnSync(go, ["build", "-o", join(folder, "porcupine"), "."], {
      cwd: join(import.meta.dirname, "../porcupine"),
      encoding: "utf8",
      timeout: 300_000,
    });
    if (done.status !== 0) {
      rmSync(folder, { recursive: true, force: true });
      throw new NotMeasured(`go build failed: ${done.error?.message ?? done.stderr.slice(-500)}`);
    }
    return new Porcupine(folder);
  }

  /** Judges the histories in their order. Beyond `timeoutMs` one is undecided. */
  judge(
    histories: readonly (readonly Operation[])[],
    timeoutMs: number,
  ): readonly PorcupineAnswer[] {
    const lines = histories.map((history) =>
      JSON.stringify({ timeoutMs, operations: history.flatMap(asRow) }),
    );
    const done = spawnSync(join(this.#folder, "porcupine"), [], {
      input: `${lines.join("\n")}\n`,
      encoding: "utf8",
      maxBuffer: 1 << 28,
      env: { ...process.env, GOMAXPROCS: "1" },
    });
    if (done.status !== 0) {
      throw new NotMeasured(`porcupine failed: ${done.error?.message ?? done.stderr.slice(-500)}`);
    }
    const answers = done.stdout.trim().split("\n");
    return answers.map((line) => JSON.parse(line) as PorcupineAnswer);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** `[key, value put or null, value given, call and return in µs]`; a return of -1: it may have happened. */
function asRow({ key, name, args, outcome, startMs, endMs }: Operation): readonly unknown[][] {
  const isPut = name === "put";
  if (outcome.kind !== "ok" && !(isPut && outcome.kind === "unknown")) return [];
  const given = outcome.kind === "ok" ? (outcome.result ?? "") : "";
  const endUs = Number.isFinite(endMs) ? Math.round(endMs * 1000) : -1;
  return [[key, isPut ? args.at(-1) : null, given, Math.round(startMs * 1000), endUs]];
}
