import type { Rng } from "../base/rng.ts";
import type { BreakerDoc } from "../model/policy.ts";
import { Breaker, probeMaxMs } from "../policy/breaker.ts";
import type { Verdict } from "../policy/outcome.ts";

/** A target, as far as breakers need to know. */
export interface Breakable {
  /** Does a backend name it? */
  readonly isObserved: boolean;
  /** How many there are of its kind. */
  readonly groupSize: number;
}

/**
 * The breakers of one rule, one for each target its requests went to. They count that rule's requests alone, and take targets
 * away from those alone.
 */
export class RuleBreakers {
  /** Another may take its place: what was seen stays. */
  doc: BreakerDoc;
  readonly #rng: Rng;
  readonly #all = new WeakMap<Breakable, RuleBreaker>();
  readonly #open = new Set<Breakable>();

  constructor(doc: BreakerDoc, rng: Rng) {
    this.doc = doc;
    this.#rng = rng;
  }

  /** May a request go to `target` now? */
  allows(target: Breakable, nowMs: number): boolean {
    const one = this.#all.get(target);
    if (one === undefined) return true;
    const { breaker } = one;
    if (breaker.phase === "open" && nowMs >= breaker.untilMs) breaker.ready();
    if (breaker.phase === "probing" && nowMs - one.probedMs >= probeMaxMs) breaker.ready();
    return breaker.phase === "closed" || breaker.phase === "ready";
  }

  /** A request goes there. */
  onPicked(target: Breakable, nowMs: number): void {
    const one = this.#all.get(target);
    if (one?.breaker.phase !== "ready") return;
    one.breaker.probe();
    one.probedMs = nowMs;
  }

  /** How it ended. */
  report(target: Breakable, verdict: Verdict, nowMs: number): void {
    let one = this.#all.get(target);
    if (one === undefined) {
      if (verdict === "success" || verdict === "none") return;
      one = { breaker: new Breaker(this.doc, this.#rng), probedMs: 0 };
      this.#all.set(target, one);
    }
    const { breaker } = one;
    breaker.doc = this.doc;
    if (breaker.phase === "closed") {
      if (!breaker.trips(verdict, nowMs) || !this.#mayOpen(target)) return;
      breaker.open(nowMs);
      this.#open.add(target);
    } else if (breaker.phase !== "open") {
      breaker.judge(verdict, nowMs);
      if (verdict === "success") this.#open.delete(target);
    }
  }

  /** At least one may be out. */
  #mayOpen(target: Breakable): boolean {
    for (const one of this.#open) if (!one.isObserved) this.#open.delete(one);
    const out = this.#open.size;
    return out === 0 || out + 1 <= this.doc.ejectedMax * target.groupSize;
  }
}

interface RuleBreaker {
  readonly breaker: Breaker;
  probedMs: number;
}
