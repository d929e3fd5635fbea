import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { OutlierDoc } from "../model/policy.ts";
import { findOutliers } from "../policy/outlier.ts";
import type { UpstreamContext } from "./context.ts";
import type { Target } from "./target.ts";

/** Looks once per interval at all endpoints of one backend together (`policy/outlier.ts`). */
export class OutlierWatch implements DeadlineHandler {
  readonly #context: UpstreamContext;
  readonly #look: Deadline;
  #doc: OutlierDoc | null = null;
  #targets: readonly Target[] = [];

  constructor(context: UpstreamContext) {
    this.#context = context;
    this.#look = new Deadline(this);
  }

  apply(doc: OutlierDoc | null, members: readonly { readonly target: Target }[]): void {
    const isWanted = doc !== null && members.length > 0;
    this.#doc = doc;
    this.#targets = isWanted ? members.map(({ target }) => target) : [];
    if (!isWanted) this.#context.wheel.clear(this.#look);
    else if (!this.#look.isSet) this.#context.wheel.set(this.#look, doc.intervalMs);
  }

  onDeadline(): void {
    const doc = this.#doc!;
    this.#context.wheel.set(this.#look, doc.intervalMs);
    const nowMs = this.#context.clock.monotonicMs();
    const hosts = this.#targets.map(({ health }) => health.host);
    const outliers = new Set(findOutliers(doc, hosts));
    for (const { health } of this.#targets) health.host.turn();
    for (const { health } of this.#targets) if (outliers.has(health.host)) health.eject(nowMs);
  }
}
