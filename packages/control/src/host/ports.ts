import { createServer } from "node:net";
import type { Rng } from "@heddle/mesh/base/rng.ts";
import type { Platform } from "./platform.ts";

/** Below this many programs have their customary ports. */
const LOWEST = 20_000;
const HIGHEST = 65_535;
/** Ports tried before giving up: more than enough unless the machine is full. */
const TRIES = 500;

/**
 * Finds free ports for applications and remembers whose they are. They lie outside the range from which the kernel
 * serves outgoing connections, so that none of those takes an application's port while it restarts.
 */
export class PortBook {
  readonly #rng: Rng;
  readonly #ranges: readonly (readonly [first: number, last: number])[];
  readonly #taken = new Map<string, number>();

  constructor(platform: Platform, rng: Rng) {
    this.#rng = rng;
    const { first, last } = platform.ephemeralPorts;
    const ranges = [
      [LOWEST, Math.min(first - 1, HIGHEST)],
      [Math.max(last + 1, LOWEST), HIGHEST],
    ] as const;
    const usable = ranges.filter(([from, to]) => to - from >= 100);
    this.#ranges = usable.length > 0 ? usable : [[LOWEST, HIGHEST]];
  }

  /**
   * The port of `owner`: the one it has, else a free one that is its own until released.
   * @throws where none is free.
   */
  async take(owner: string): Promise<number> {
    const known = this.#taken.get(owner);
    if (known !== undefined) return known;
    const used = new Set(this.#taken.values());
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const port = this.#draw();
      if (used.has(port) || !(await isFree(port))) continue;
      const others = [...this.#taken.values()]; // another `take` may have been faster
      if (others.includes(port)) continue;
      this.#taken.set(owner, port);
      return port;
    }
    throw new Error(`no free port for ${owner} after ${TRIES} tries`);
  }

  /** The port that `owner` has, or null. */
  find(owner: string): number | null {
    return this.#taken.get(owner) ?? null;
  }

  /** Gives back the port of `owner`. */
  release(owner: string): void {
    this.#taken.delete(owner);
  }

  #draw(): number {
    const sizes = this.#ranges.map(([from, to]) => to - from + 1);
    let index = this.#rng.below(sizes.reduce((sum, size) => sum + size, 0));
    for (const [place, size] of sizes.entries()) {
      if (index < size) return this.#ranges[place]![0] + index;
      index -= size;
    }
    return HIGHEST;
  }
}

/** Can 127.0.0.1:`port` be bound now? */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port }, () => server.close(() => resolve(true)));
  });
}
