import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Program } from "./programs.ts";

/** What suites run in: a folder and programs, none of which outlives it. */
export class Rig {
  readonly folder = mkdtempSync(join(tmpdir(), "heddle-conformance-"));
  /** Where programs are built: that of the whole run. */
  readonly tools: string;
  readonly #programs = new Set<Program>();
  readonly #closers: (() => Promise<void> | void)[] = [];
  readonly #onExit = () => {
    for (const program of this.#programs) program.kill();
    rmSync(this.folder, { recursive: true, force: true });
  };

  /** @param tools a folder that outlives this rig; by default its own */
  constructor(tools: string | null = null) {
    this.tools = tools ?? this.folder;
    process.once("exit", this.#onExit);
  }

  /** Starts a program that ends with the rig. */
  start(...args: ConstructorParameters<typeof Program>): Program {
    const program = new Program(...args);
    this.#programs.add(program);
    return program;
  }

  async stop(program: Program): Promise<void> {
    await program.stop();
    this.#programs.delete(program);
  }

  /** Has `close` called at the end, the last one first. */
  onClose(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }

  /** Ends all that was started, and removes the folder. */
  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
    await Promise.all([...this.#programs].map((program) => program.stop()));
    this.#programs.clear();
    process.off("exit", this.#onExit);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
