import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";
import type { EventClaim } from "@heddle/mesh/resource/compile/claims.ts";
import { resourceOf } from "../watch/claimed.ts";
import type { Controller } from "../watch/controller.ts";
import type { Events, Telling } from "./events.ts";

export interface ClaimedEventsOptions {
  readonly controller: Controller;
  readonly events: Events;
  readonly clock: Clock;
}

/** From a change to looking at what it came to, in ms: somebody may be making one object after another. */
const delayMs = 1_000;
/** What goes on is told again so often, in ms: its Event is kept for an hour after the last time. */
const repeatMs = 30 * 60_000;

/**
 * Tells of what is wrong with resources that have no status (SMI's): once when it becomes so or is another, again while it
 * stands, and again from the beginning when it was gone meanwhile.
 */
export class ClaimedEvents {
  readonly #options: ClaimedEventsOptions;
  /** What was told of each resource, by type and reason, and when. */
  #told: ReadonlyMap<string, ReadonlyMap<string, Told>> = new Map();
  #timer: Timer | null = null;
  #isRepeat = false;

  constructor(options: ClaimedEventsOptions) {
    this.#options = options;
  }

  /** Something may be different. */
  onSettled(): void {
    if (this.#timer !== null && !this.#isRepeat) return;
    this.#wait(delayMs, false);
  }

  close(): void {
    this.#timer?.cancel();
  }

  #wait(ms: number, isRepeat: boolean): void {
    this.#timer?.cancel();
    this.#isRepeat = isRepeat;
    this.#timer = this.#options.clock.after(ms, () => {
      this.#timer = null;
      this.#tell();
    });
  }

  #tell(): void {
    const { controller, events, clock } = this.#options;
    const { objects, index } = controller;
    const nowMs = clock.monotonicMs();
    const told = new Map<string, ReadonlyMap<string, Told>>();
    const tellings: Telling[] = [];
    for (const [key, { events: claims = [] }] of index.outputs.claims) {
      const known = claims.length === 0 ? null : resourceOf(index, key);
      if (known === null) continue;
      const about = objects.latest(known);
      const before = this.#told.get(key);
      const now = new Map<string, Told>();
      told.set(key, now);
      for (const claim of oneEach(claims)) {
        const name = nameOf(claim);
        const last = before?.get(name);
        const isOld = last !== undefined && last.message === claim.message;
        const isDue = !isOld || nowMs - last.atMs >= repeatMs;
        now.set(name, isDue ? { message: claim.message, atMs: nowMs } : last);
        if (isDue) tellings.push({ about, happening: claim });
      }
    }
    this.#told = told;
    if (tellings.length > 0) void events.tellAll(tellings);
    if (told.size > 0) this.#wait(repeatMs, true);
  }
}

interface Told {
  readonly message: string;
  readonly atMs: number;
}

function nameOf({ type, reason }: EventClaim): string {
  return `${type} ${reason}`;
}

/** Of one type and reason an object has one Event: several sentences. */
export function oneEach(claims: readonly EventClaim[]): readonly EventClaim[] {
  return [...Map.groupBy(claims, nameOf).values()].map((same) => ({
    ...same[0]!,
    message: [...new Set(same.map(({ message }) => message))].join(" "),
  }));
}
