/** Ports that are remembered; the one that was seen least lately is forgotten first. */
const portsMax = 1024;
/** For how long it is believed what was seen at a port, in ms. */
export const habitMs = 600_000;
/** What is seen again is written down again only after this, in ms: most connections change nothing. */
const freshMs = 10_000;

/** Who spoke first at a port when it was seen last, and what: the server, a client HTTP, a client something else. */
export type PortHabit = "server-first" | "http" | "octets";

interface Seen {
  readonly habit: PortHabit;
  readonly atMs: number;
}

/**
 * What is spoken at ports that do not declare it, as it was seen. Where servers speak first one is dialled at once, and nobody waits
 * for a client that waits itself; where clients speak HTTP they get more time before. It is a matter of time alone: whoever
 * speaks first decides in any case.
 */
export class ProtocolMemory {
  /** By port; the least recent first. */
  readonly #seen = new Map<string, Seen>();

  habitOf(port: string, nowMs: number): PortHabit | null {
    const seen = this.#seen.get(port);
    return seen !== undefined && nowMs - seen.atMs < habitMs ? seen.habit : null;
  }

  learn(port: string, habit: PortHabit, nowMs: number): void {
    const before = this.#seen.get(port);
    if (before !== undefined && before.habit === habit && nowMs - before.atMs < freshMs) return;
    this.#seen.delete(port);
    this.#seen.set(port, { habit, atMs: nowMs });
    if (this.#seen.size <= portsMax) return;
    const [oldest] = this.#seen.keys();
    this.#seen.delete(oldest!);
  }

  get size(): number {
    return this.#seen.size;
  }
}
