import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";
import type { Log } from "@heddle/mesh/base/log.ts";
import type { Service } from "@heddle/mesh/resource/core/service.ts";
import { httpRouteKind } from "@heddle/mesh/resource/gateway-api/httproute.ts";
import { type Rollout, rolloutKind } from "@heddle/mesh/resource/heddle/rollout.ts";
import { kinds } from "@heddle/mesh/resource/index.ts";
import type { Kind } from "@heddle/mesh/resource/kind.ts";
import {
  compareAge,
  namespacedName,
  namespaceOf,
  type Resource,
} from "@heddle/mesh/resource/meta.ts";
import type { SummaryBody } from "@heddle/mesh/telemetry/summary.ts";
import type { IntentLog } from "../revision/intent-log.ts";
import { isSameData } from "../revision/revision.ts";
import { conditionsOf } from "../status/conditions.ts";
import type { Events } from "../status/events.ts";
import { collectionOf, keyOf } from "../store/collection.ts";
import type { Store, Write } from "../store/store.ts";
import { timestamp } from "../watch/workload-plan.ts";
import { decideRollout, isOver, limitsOf, type NoSplit, type RolloutDecision } from "./decide.ts";
import { BackendFigures } from "./figures.ts";
import { isMadeBy, readSplit, routeFor, type Split, targetType } from "./split.ts";

export interface RolloutsOptions {
  readonly store: Store;
  readonly intent: IntentLog;
  readonly events: Pick<Events, "tell">;
  readonly clock: Clock;
  readonly log: Log;
  /** What every proxy has counted, by workload uid. */
  readonly summaries: () => Iterable<readonly [uid: string, body: SummaryBody]>;
  /** What is to be stored for a resource: checked, with the next generation. */
  readonly prepare: (kind: Kind, resource: Resource, stored: Resource | null) => Resource;
}

/** How often Rollouts are looked at, in ms. */
const rolloutTickMs = 1_000;
/** How often figures alone are written down, in ms. */
const rolloutFiguresMs = 5_000;

/**
 * Steps splits as their Rollouts say. Each look is a decision of its own over what is stored (`decide.ts`), and a step
 * is one commit: the split and the status that tells of it, or neither. So a control plane that dies goes on where it was.
 */
export class Rollouts {
  readonly #options: RolloutsOptions;
  /** By uid. */
  readonly #figures = new Map<string, BackendFigures>();
  /** When figures alone were written last, by uid; monotonic ms. */
  readonly #writtenMs = new Map<string, number>();
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(options: RolloutsOptions) {
    this.#options = options;
    this.#wait();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #wait(): void {
    this.#timer = this.#options.clock.after(rolloutTickMs, () => {
      this.#look()
        .catch((cause) => this.#options.log.error({ cause: String(cause) }, "rollouts rest"))
        .finally(() => {
          if (!this.#isClosed) this.#wait();
        });
    });
  }

  async #look(): Promise<void> {
    const { items } = await this.#options.store.list(collectionOf(rolloutKind), null);
    const uids = new Set(items.map(uidOf));
    for (const known of [this.#figures, this.#writtenMs]) {
      for (const uid of known.keys()) if (!uids.has(uid)) known.delete(uid);
    }
    // Of several on one split the oldest steps it, until it is over: two would undo each other's steps.
    const held = new Map<string, string>();
    for (const one of (items as readonly Rollout[]).toSorted(compareAge)) {
      if (one.metadata.deletionTimestamp === undefined && !this.#isClosed) {
        await this.#step(one, held);
      }
    }
  }

  /** @param held who steps each split in this look; this one is added where it does */
  async #step(rollout: Rollout, held: Map<string, string>): Promise<void> {
    const { clock, intent, events, log } = this.#options;
    const uid = uidOf(rollout);
    const found = await this.#target(rollout);
    const place = isOver(rollout) ? null : placeOf(rollout, found);
    const holder = place === null ? undefined : held.get(place);
    if (place !== null && holder === undefined) held.set(place, rollout.metadata.name);
    const target = holder === undefined ? found : conflicted(holder);
    if ("made" in target) {
      const cause = `Rollout/${rollout.metadata.name}: a route for Service/${rollout.spec.targetRef.name}`;
      await intent.commit([target.made], { author: "heddle", cause });
      return; // the next look finds it
    }
    const { split, kind, stored } = target;
    const figures = this.#figures.get(uid) ?? new BackendFigures();
    this.#figures.set(uid, figures);
    if (!("reason" in split)) {
      const backend = `${namespaceOf(rollout)}/${rollout.spec.canary}`;
      figures.look(this.#options.summaries(), { backend, route: split.route }, clock.monotonicMs());
    }
    const decision = decideRollout({
      rollout,
      split: "reason" in split ? split : split.weights,
      figures: figures.figures(limitsOf(rollout.spec).minRequests, clock.monotonicMs()),
      nowWallMs: clock.wallMs(),
    });
    const writes = this.#writes(rollout, decision);
    if (decision.write !== null && !("reason" in split) && kind !== null && stored !== null) {
      const object = this.#options.prepare(kind, split.with(decision.write), stored);
      const expect = stored.metadata.resourceVersion ?? null;
      writes.push({ op: "update", key: keyOf(kind, stored), object, expect });
    }
    if (writes.length > 0) {
      const { name } = rollout.metadata;
      const cause = `Rollout/${name}${decision.doing === "" ? "" : `: ${decision.doing}`}`;
      const outcome = await intent.commit(writes, { author: "heddle", cause });
      if (!outcome.ok) return; // somebody was faster: the next look sees what they did
      this.#writtenMs.set(uid, clock.monotonicMs());
    }
    if (decision.isFresh) figures.restart();
    if (decision.happening === null) return;
    await events.tell(rollout, decision.happening);
    log.info({ rollout: namespacedName(rollout), ...decision.happening }, "rollout");
  }

  /** The status, where it says something new; figures alone now and then. */
  #writes(rollout: Rollout, { state, conditions }: RolloutDecision): Write[] {
    const { clock } = this.#options;
    const before = rollout.status;
    const generation = rollout.metadata.generation ?? 0;
    const now = timestamp(clock.wallMs());
    const status = {
      ...state,
      observedGeneration: generation,
      conditions: conditionsOf(conditions, before?.conditions, generation, now),
    };
    if (isSameData(before, status)) return [];
    const { requests: _, success: __, latencyP99: ___, ...rest } = status;
    const same = { ...before, requests: undefined, success: undefined, latencyP99: undefined };
    const isFiguresOnly = isSameData(same, rest);
    const sinceMs = clock.monotonicMs() - (this.#writtenMs.get(uidOf(rollout)) ?? -Infinity);
    if (isFiguresOnly && sinceMs < rolloutFiguresMs) return [];
    const expect = rollout.metadata.resourceVersion ?? null;
    const key = keyOf(rolloutKind, rollout);
    return [{ op: "update", key, object: { ...rollout, status }, expect }];
  }

  async #target(rollout: Rollout): Promise<Target | { readonly made: Write }> {
    const { store, prepare } = this.#options;
    const { kind: name, group } = targetType(rollout);
    const isService = name === "Service";
    const kind = isService
      ? httpRouteKind
      : (kinds.find((one) => one.kind === name && one.group === group) ?? null);
    if (kind === null) {
      const message = `heddle knows no kind ${name} of group ${group}.`;
      return { split: { reason: "InvalidKind", message }, kind: null, stored: null };
    }
    const key = {
      collection: collectionOf(kind),
      namespace: namespaceOf(rollout),
      name: isService ? rollout.metadata.name : rollout.spec.targetRef.name,
    };
    const stored = await store.get(key);
    if (!isService) return { split: readSplit(rollout, stored), kind, stored };
    if (stored !== null) {
      if (isMadeBy(rollout, stored)) return { split: readSplit(rollout, stored), kind, stored };
      const message = `There is an HTTPRoute ${key.name} already, which this Rollout has not made: call the Rollout otherwise, or name the route as its target.`;
      return { split: { reason: "Conflicted", message }, kind, stored: null };
    }
    const services = new Map<string, Service>();
    const { targetRef, stable, canary } = rollout.spec;
    for (const service of [targetRef.name, stable, canary]) {
      const at = { collection: "services", namespace: key.namespace, name: service };
      const found = await store.get(at);
      if (found !== null) services.set(service, found as Service);
    }
    const made = routeFor(rollout, (service) => services.get(service) ?? null);
    if ("reason" in made) return { split: made, kind, stored: null };
    return { made: { op: "create", key, object: prepare(kind, made, null) } };
  }
}

interface Target {
  readonly split: Split | NoSplit;
  readonly kind: Kind | null;
  readonly stored: Resource | null;
}

/** Names the split that a Rollout steps, or will; null: there is none. */
function placeOf(rollout: Rollout, target: Target | { readonly made: Write }): string | null {
  const { kind, name } = rollout.spec.targetRef;
  if (kind === "Service") return `Service/${namespaceOf(rollout)}/${name}`;
  return "made" in target || "reason" in target.split ? null : target.split.route;
}

function conflicted(holder: string): Target {
  const message = `Rollout ${holder} is older and steps the same split. This one begins, or goes on, once that is over or gone.`;
  return { split: { reason: "Conflicted", message }, kind: null, stored: null };
}

function uidOf({ metadata }: Resource): string {
  return metadata.uid ?? metadata.name;
}
