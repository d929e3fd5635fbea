import type { Clock } from "@heddle/mesh/base/clock.ts";

/** How long callers are waited for before a workload drains, in ms. */
const noticeMs = 2_000;

interface Drain {
  readonly sinceMs: number;
  /** The version that tells callers; null until it is out. */
  readonly toldAt: number | null;
  readonly isOver: boolean;
}

export interface DrainFollowing {
  /** The version that goes out after this pass. */
  readonly endpointsVersion: number;
  /** May anybody call the workload? */
  readonly isCalled: (uid: string) => boolean;
  /** Do all its callers know of this version? */
  readonly isKnown: (uid: string, endpointsVersion: number) => boolean;
}

/**
 * Workloads that are to go: callers first. One drains once all its callers know, or have had 2 s to know.
 *
 *   deleted ──▶ told (a version says so) ──callers acknowledge, or 2 s──▶ over: the supervisor may end it
 */
export class Drains {
  readonly #clock: Clock;
  readonly #drains = new Map<string, Drain>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(uid: string): boolean {
    return this.#drains.has(uid);
  }

  isOver(uid: string): boolean {
    return this.#drains.get(uid)?.isOver === true;
  }

  /** It is to go, if that was not known before. */
  note(uid: string): void {
    if (this.#drains.has(uid)) return;
    this.#drains.set(uid, { sinceMs: this.#clock.monotonicMs(), toldAt: null, isOver: false });
  }

  forget(uid: string): void {
    this.#drains.delete(uid);
  }

  /** Looks who is through. In how many ms to look again; null: nobody is waited for. */
  follow({ endpointsVersion, isCalled, isKnown }: DrainFollowing): number | null {
    let waitMs: number | null = null;
    for (const [uid, drain] of this.#drains) {
      if (drain.isOver) continue;
      const leftMs = drain.sinceMs + noticeMs - this.#clock.monotonicMs();
      const knows = drain.toldAt !== null && isKnown(uid, drain.toldAt);
      const isOver = !isCalled(uid) || leftMs <= 0 || knows;
      this.#drains.set(uid, { ...drain, toldAt: drain.toldAt ?? endpointsVersion, isOver });
      if (isOver) continue;
      // The version that tells of it goes out after this pass: then at once, to see who knows.
      waitMs = Math.min(waitMs ?? leftMs, drain.toldAt === null ? 0 : leftMs);
    }
    return waitMs;
  }
}
