import { runInThisContext } from "node:vm";

const slot = Symbol.for("heddle.bounded");

/**
 * Runs `work`, which waits for nothing, and ends it after `maxMs`, a loop without an end too: only from without can that be
 * left, and a script with a time limit takes all that it calls with it.
 * @throws Error with the code `ERR_SCRIPT_EXECUTION_TIMEOUT`, and what `work` throws.
 */
export function bounded<T>(work: () => T, maxMs: number): T {
  const place = globalThis as { [slot]?: () => T };
  place[slot] = work;
  try {
    return runInThisContext(`globalThis[Symbol.for("heddle.bounded")]()`, { timeout: maxMs }) as T;
  } finally {
    delete place[slot];
  }
}

/** Was it ended because it took too long? */
export function isTooLong(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}
