import type { Clock } from "@heddle/mesh/base/clock.ts";
import type { WorkloadObserved } from "../host/link.ts";
import { ownerOf } from "./desired.ts";
import { type DrainFollowing, Drains } from "./drains.ts";
import type { HostView } from "./host-view.ts";
import type { Objects } from "./objects.ts";

/** A restart that has not come further for so long is said to be stuck, in ms. */
const stuckMs = 60_000;

/** The workloads of one Process that are to stay, in the order of their turns. */
export interface Replicas {
  /** Key of the Process. */
  readonly process: string;
  readonly members: readonly {
    readonly uid: string;
    readonly name: string;
    /** Null: the supervisor has not told of it. */
    readonly observed: WorkloadObserved | null;
  }[];
}

/** The workloads of each Process that are to stay. */
export function replicasOf(objects: Objects, host: HostView): readonly Replicas[] {
  const staying = [...objects.workloads.values()]
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .sort((a, b) => (a.spec.ordinal ?? 0) - (b.spec.ordinal ?? 0));
  const byOwner = Map.groupBy(staying, ownerOf);
  return [...objects.processes.keys()].map((process) => ({
    process,
    members: (byOwner.get(process) ?? [])
      .filter(({ spec }) => spec.process !== undefined)
      .map(({ metadata: { uid = "", name } }) => ({ uid, name, observed: host.workload(uid) })),
  }));
}

/** How far a Process is with taking on a changed spec. */
export interface Rollout {
  /** Workloads that still run as an earlier spec said, or were restarted and are not ready yet; by name. */
  readonly pending: readonly string[];
  /** When that was last different, monotonic. */
  readonly sinceMs: number;
  /** Nothing has come of it for a minute: whoever is to come first does not become ready. */
  readonly isStuck: boolean;
}

/**
 * When applications may be restarted whose Process now says another command, environment or port: one at a time for each
 * Process, so that the others serve meanwhile, and none while one that was restarted is not ready. What does not serve
 * may restart at once. Nothing is kept of who is done: that is what the supervisor tells.
 *
 *   outdated ──its turn──▶ callers told ──they know, or 2 s──▶ may restart ──up to date and ready──▶ the next one's turn
 */
export class Restarts {
  readonly #clock: Clock;
  /** Those whose turn it is. */
  readonly #turns: Drains;
  #rollouts: ReadonlyMap<string, Rollout> = new Map();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#turns = new Drains(clock);
  }

  /** Is it its turn? Callers go elsewhere as long as they can. */
  has(uid: string): boolean {
    return this.#turns.has(uid);
  }

  mayRestart(uid: string): boolean {
    return this.#turns.isOver(uid);
  }

  /** Of a Process all of whose workloads run as it says: null. */
  rollout(process: string): Rollout | null {
    return this.#rollouts.get(process) ?? null;
  }

  /** Ends turns and gives new ones. */
  update(all: Iterable<Replicas>): void {
    const rollouts = new Map<string, Rollout>();
    for (const replicas of all) {
      this.#takeTurns(replicas);
      const rollout = this.#rolloutOf(replicas);
      if (rollout !== null) rollouts.set(replicas.process, rollout);
    }
    this.#rollouts = rollouts;
  }

  forget(uid: string): void {
    this.#turns.forget(uid);
  }

  /** Looks whose callers know. In how many ms to look again; null: nobody is waited for. */
  follow(following: DrainFollowing): number | null {
    const waits = [...this.#rollouts.values()]
      .filter(({ isStuck }) => !isStuck)
      .map(({ sinceMs }) => Math.max(0, sinceMs + stuckMs - this.#clock.monotonicMs()));
    const waitMs = this.#turns.follow(following);
    if (waitMs !== null) waits.push(waitMs);
    return waits.length === 0 ? null : Math.min(...waits);
  }

  #takeTurns({ members }: Replicas): void {
    let isAnyUnderWay = false;
    for (const { uid, observed } of members) {
      if (isOutdated(observed)) {
        if (!isServing(observed)) this.#turns.note(uid);
      } else if (isServing(observed)) this.#turns.forget(uid);
      else isAnyUnderWay = true;
      isAnyUnderWay ||= this.#turns.has(uid);
    }
    if (isAnyUnderWay) return;
    const next = members.find(({ observed }) => isOutdated(observed));
    if (next !== undefined) this.#turns.note(next.uid);
  }

  #rolloutOf({ process, members }: Replicas): Rollout | null {
    const pending = members
      .filter(({ uid, observed }) => isOutdated(observed) || this.#turns.has(uid))
      .map(({ name }) => name);
    if (pending.length === 0) return null;
    const nowMs = this.#clock.monotonicMs();
    const before = this.#rollouts.get(process);
    const isSame = before !== undefined && before.pending.join() === pending.join();
    const sinceMs = isSame ? before.sinceMs : nowMs;
    return { pending, sinceMs, isStuck: nowMs - sinceMs >= stuckMs };
  }
}

function isOutdated(observed: WorkloadObserved | null): boolean {
  return observed?.isOutdated === true;
}

/** Ready, or done with what it had to do. */
function isServing(observed: WorkloadObserved | null): boolean {
  const app = observed?.app ?? null;
  return app !== null && (app.ready || app.phase === "exited");
}
