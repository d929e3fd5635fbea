import type { Clock } from "@heddle/mesh/base/clock.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import type { CommitOutcome, ObjectKey, Store, Write } from "../store/store.ts";
import {
  type IntentChange,
  intentOf,
  isSameData,
  type Revision,
  revisionCollection,
  revisionName,
  revisionOf,
  revisionsMax,
  revisionWrite,
} from "./revision.ts";

/** Why a change is made. */
export interface Motive {
  readonly author: string;
  readonly cause: string;
  /** Only as the next after this revision; a conflict where another came first. Absent: after whichever is the last. */
  readonly after?: number;
}

/**
 * The one way by which intent changes: writes and the revision that tells of them are one commit, so that neither is
 * ever without the other. Writes that change no intent (status, endpoints) make no revision.
 */
export class IntentLog {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #isIntent: (collection: string) => boolean;
  #revision: number;
  readonly #followers: (() => void)[] = [];
  /** Commits wait for each other: each revision's number follows the last. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    store: Store,
    clock: Clock,
    isIntent: (collection: string) => boolean,
    revision: number,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#isIntent = isIntent;
    this.#revision = revision;
  }

  static async open(
    store: Store,
    clock: Clock,
    isIntent: (collection: string) => boolean,
  ): Promise<IntentLog> {
    const { items } = await store.list(revisionCollection, null);
    const last = items.at(-1);
    return new IntentLog(
      store,
      clock,
      isIntent,
      last === undefined ? 0 : revisionOf(last).revision,
    );
  }

  /** The latest; 0 before the first. */
  get revision(): number {
    return this.#revision;
  }

  /** Calls back after each revision. */
  follow(onRevision: () => void): void {
    this.#followers.push(onRevision);
  }

  /** Commits `writes`, with a revision if they change intent. */
  commit(writes: readonly Write[], motive: Motive): Promise<CommitOutcome> {
    const done = this.#turn.then(() => this.#commit(writes, motive));
    this.#turn = done.catch(() => {});
    return done;
  }

  /** Latest first. */
  async list(): Promise<readonly Revision[]> {
    const { items } = await this.#store.list(revisionCollection, null);
    return items.map(revisionOf).reverse();
  }

  async get(revision: number): Promise<Revision | null> {
    const found = await this.#store.get(keyOf(revision));
    return found === null ? null : revisionOf(found);
  }

  async #commit(writes: readonly Write[], motive: Motive): Promise<CommitOutcome> {
    const { author, cause, after = this.#revision } = motive;
    if (after !== this.#revision) return { ok: false, at: 0, problem: "conflict" };
    const changes = await this.#changesOf(writes);
    if (changes.length === 0) return this.#store.commit(writes);
    const revision = this.#revision + 1;
    const told = revisionWrite({
      revision,
      atWallMs: this.#clock.wallMs(),
      author,
      cause,
      changes,
    });
    const outcome = await this.#store.commit([...writes, told, ...(await this.#forgets(revision))]);
    if (!outcome.ok) return outcome;
    this.#revision = revision;
    for (const follower of this.#followers) follower();
    return { ok: true, objects: outcome.objects.slice(0, writes.length) };
  }

  async #changesOf(writes: readonly Write[]): Promise<readonly IntentChange[]> {
    const changes: IntentChange[] = [];
    for (const write of writes) {
      const { collection } = write.key;
      if (!this.#isIntent(collection)) continue;
      const stored = write.op === "create" ? null : await this.#store.get(write.key);
      const before = stored === null ? null : intentOf(stored);
      const after = write.op === "delete" ? null : intentOf(write.object);
      if (!isSameData(before, after)) changes.push({ collection, before, after });
    }
    return changes;
  }

  async #forgets(revision: number): Promise<readonly Write[]> {
    const key = keyOf(revision - revisionsMax);
    if (revision <= revisionsMax || (await this.#store.get(key)) === null) return [];
    return [{ op: "delete", key, expect: null }];
  }
}

function keyOf(revision: number): ObjectKey {
  return { collection: revisionCollection, namespace: "", name: revisionName(revision) };
}

/** The writes that make `changes`, given the objects as they are now. */
export async function writesOf(
  changes: readonly IntentChange[],
  store: Store,
  prepare: (resource: Resource, stored: Resource | null) => Resource,
): Promise<readonly Write[]> {
  const writes: Write[] = [];
  for (const { collection, before, after } of changes) {
    const { metadata } = (after ?? before)!;
    const key = { collection, namespace: metadata.namespace ?? "", name: metadata.name };
    const stored = await store.get(key);
    if (after === null) {
      if (stored !== null) writes.push({ op: "delete", key, expect: null });
    } else {
      const object = prepare(after, stored);
      if (stored === null) writes.push({ op: "create", key, object });
      else if (!isSameData(intentOf(stored), intentOf(object))) {
        writes.push({ op: "update", key, object, expect: null });
      }
    }
  }
  return writes;
}
