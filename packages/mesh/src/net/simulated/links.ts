import type { Clock } from "../../base/clock.ts";
import type { Rng } from "../../base/rng.ts";
import { calm, type Fault, type FaultCounts, type LinkFaults, noFaults } from "./faults.ts";

/** The ways between processes, each directed and named by both ends: how long they take and what goes wrong on them. */
export class SimulatedLinks {
  readonly counts: FaultCounts = noFaults();
  readonly #clock: Clock;
  readonly #rng: Rng;
  readonly #links = new Map<string, LinkFaults>();
  #faults: LinkFaults = calm;
  /** What set out on a link that was cut. */
  #parked: (() => void)[] = [];

  constructor(clock: Clock, rng: Rng) {
    this.#clock = clock;
    this.#rng = rng;
  }

  /** Sets what goes wrong from now on, everywhere or on one directed link; what is not named stays. */
  set(faults: Partial<LinkFaults>, link?: { readonly from: string; readonly to: string }): void {
    if (link === undefined) {
      this.#faults = { ...this.#faults, ...faults };
    } else {
      const key = `${link.from} ${link.to}`;
      this.#links.set(key, { ...(this.#links.get(key) ?? this.#faults), ...faults });
    }
    const parked = this.#parked;
    this.#parked = [];
    for (const retry of parked) retry();
  }

  /** Links are as everywhere else again. */
  clear(): void {
    this.#links.clear();
    this.set({});
  }

  faultsOf(from: string, to: string): LinkFaults {
    return this.#links.get(`${from} ${to}`) ?? this.#faults;
  }

  strike(fault: Fault): void {
    this.counts[fault]++;
  }

  /** Runs `action` when what sets out now has arrived. */
  after(from: string, to: string, action: () => void): void {
    const faults = this.faultsOf(from, to);
    if (faults.isCut) {
      this.strike("cut");
      this.#parked.push(() => this.after(from, to, action));
      return;
    }
    const [least, most] = faults.delayMs;
    let delayMs = least + this.#rng.float() * (most - least);
    if (this.#rng.float() < faults.stall) {
      this.strike("stall");
      delayMs += faults.stallMs;
    }
    this.#clock.after(delayMs, action);
  }
}
