import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";

/**
 * Remembers, in a workload's folder, that the raw handles passed their trial: a proxy that comes back, with the same
 * Node on the same kernel, serves some 20 ms sooner. That they failed is not remembered; it is tried and said again.
 */
export class TrialMemory {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get hasPassed(): boolean {
    try {
      return readFileSync(this.#path, "utf8") === verdict();
    } catch {
      return false; // none yet
    }
  }

  /** Best effort: what cannot be written is tried again next time. */
  keep(): void {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      writeFileSync(this.#path, verdict(), { mode: 0o600 });
    } catch {
      // A read-only folder, say.
    }
  }

  get #path(): string {
    return join(this.#folder, "transport");
  }
}

function verdict(): string {
  const { version, platform, arch } = process;
  return `raw handles passed: node ${version} ${platform} ${release()} ${arch}\n`;
}
