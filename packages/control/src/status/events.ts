import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";
import type { Log } from "@heddle/mesh/base/log.ts";
import { type Event, eventKind } from "@heddle/mesh/resource/core/event.ts";
import { compareText, namespaceOf, type Resource } from "@heddle/mesh/resource/meta.ts";
import { collectionOf } from "../store/collection.ts";
import type { ObjectKey, Store, Write } from "../store/store.ts";
import { timestamp } from "../watch/workload-plan.ts";

export interface EventsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly newUid: () => string;
}

/** What happened. */
export interface Happening {
  readonly type: "Normal" | "Warning";
  /** One CamelCase word. */
  readonly reason: string;
  readonly message: string;
}

/** What happened, and to which object. */
export interface Telling {
  readonly about: Resource;
  readonly happening: Happening;
}

/** An Event goes so long after it last happened, in ms (Kubernetes: `--event-ttl`, 1 h). */
const eventTtlMs = 3_600_000;
/** Events kept; beyond it those that happened longest ago go. */
const eventsMax = 1_000;
const sweepMs = 60_000;
/** As Kubernetes cuts it. */
const messageMax = 1_024;

/** Writes down what happens to objects: `heddle get events`. What happens again is counted up. */
export class Events {
  readonly #options: EventsOptions;
  #turn: Promise<unknown> = Promise.resolve();
  #timer: Timer;

  constructor(options: EventsOptions) {
    this.#options = options;
    this.#timer = options.clock.after(sweepMs, () => this.#sweep());
  }

  /** Notes that something happened to `about`. Never fails: what cannot be written is logged. */
  tell(about: Resource, happening: Happening): Promise<void> {
    return this.tellAll([{ about, happening }]);
  }

  /** The same of several, of each object one of a type and reason. */
  tellAll(tellings: readonly Telling[]): Promise<void> {
    return this.#inTurn((all) => [
      ...tellings.flatMap(({ about, happening }) => this.#note(about, happening, all)),
      ...this.#expired(all),
    ]);
  }

  close(): void {
    this.#timer.cancel();
  }

  #sweep(): void {
    void this.#inTurn((all) => this.#expired(all));
    this.#timer = this.#options.clock.after(sweepMs, () => this.#sweep());
  }

  #inTurn(plan: (all: readonly Event[]) => readonly Write[]): Promise<void> {
    const { store, log } = this.#options;
    const done = this.#turn.then(async () => {
      const { items } = await store.list(collectionOf(eventKind), null);
      for (const write of plan(items as readonly Event[])) await store.commit([write]);
    });
    const told = done.catch((cause) => log.error({ cause: String(cause) }, "event not written"));
    this.#turn = told;
    return told;
  }

  #note(about: Resource, { type, reason, message }: Happening, all: readonly Event[]): Write[] {
    const { clock, newUid } = this.#options;
    const now = timestamp(clock.wallMs());
    const { name, uid } = about.metadata;
    const namespace = namespaceOf(about);
    const said = { message: message.slice(0, messageMax), lastTimestamp: now };
    const before = all.find(
      (one) =>
        one.reason === reason &&
        one.type === type &&
        one.involvedObject.kind === about.kind &&
        one.involvedObject.uid === uid &&
        one.involvedObject.name === name &&
        one.involvedObject.namespace === namespace,
    );
    if (before !== undefined) {
      const object = { ...before, ...said, count: (before.count ?? 1) + 1 };
      return [{ op: "update", key: keyOf(before), object, expect: null }];
    }
    const event: Event = {
      apiVersion: "v1",
      kind: "Event",
      metadata: {
        name: `${name}.${newUid().replaceAll("-", "").slice(0, 16)}`,
        namespace,
        uid: newUid(),
        creationTimestamp: now,
      },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        name,
        namespace,
        ...(uid === undefined ? {} : { uid }),
      },
      type,
      reason,
      count: 1,
      firstTimestamp: now,
      ...said,
      source: { component: "heddle-control" },
    };
    return [{ op: "create", key: keyOf(event), object: event }];
  }

  /** Too old, or too many. */
  #expired(all: readonly Event[]): Write[] {
    const oldest = timestamp(this.#options.clock.wallMs() - eventTtlMs);
    const sorted = [...all].sort((a, b) => compareText(lastOf(b), lastOf(a)));
    const isKept = (event: Event, index: number) => index < eventsMax && lastOf(event) >= oldest;
    return sorted
      .filter((event, index) => !isKept(event, index))
      .map((event) => ({ op: "delete", key: keyOf(event), expect: null }));
  }
}

/** Timestamps of one form compare as text. */
function lastOf({ lastTimestamp, metadata }: Event): string {
  return lastTimestamp ?? metadata.creationTimestamp ?? "";
}

function keyOf(event: Event): ObjectKey {
  const { name } = event.metadata;
  return { collection: collectionOf(eventKind), namespace: namespaceOf(event), name };
}
