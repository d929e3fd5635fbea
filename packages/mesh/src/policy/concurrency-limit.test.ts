import { describe, expect, test } from "vitest";
import { SeededRng } from "../base/rng.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import type { ConcurrencyDoc } from "../model/policy.ts";
import { ConcurrencyLimit } from "./concurrency-limit.ts";

const doc: ConcurrencyDoc = {
  min: 3,
  initial: 20,
  max: 1000,
  tolerance: 1.5,
  priority: 5,
  priorityHeader: null,
  priorities: [],
};

interface Load {
  readonly priority: number;
  readonly perSecond: number;
}

interface Work {
  readonly priority: number;
  readonly sinceMs: number;
}

/** A process that works on so many requests at a time, each for so long; others wait for it. All in virtual time, from one seed. */
class Rig {
  readonly clock = new VirtualClock();
  readonly limit: ConcurrencyLimit;
  serviceMs = 10;
  readonly #workers: number;
  readonly #rng = new SeededRng(6);
  #working = 0;
  readonly #waiting: Work[] = [];
  readonly #running: { isOver: boolean }[] = [];
  answered = new Map<number, number[]>();
  refused = new Map<number, number>();

  constructor(workers: number, said: Partial<ConcurrencyDoc> = {}) {
    this.#workers = workers;
    this.limit = new ConcurrencyLimit({ ...doc, ...said });
  }

  /** Requests that come at random times, for so long; what came before is over with that. */
  run(seconds: number, ...loads: readonly Load[]): void {
    for (const one of this.#running.splice(0)) one.isOver = true;
    this.answered = new Map();
    this.refused = new Map();
    for (const load of loads) {
      const run = { isOver: false };
      this.#running.push(run);
      const next = (): void => {
        const gapMs = (-Math.log(1 - this.#rng.float()) * 1000) / load.perSecond;
        this.clock.after(gapMs, () => {
          if (run.isOver) return;
          this.#arrive(load.priority);
          next();
        });
      };
      next();
    }
    this.clock.advance(seconds * 1000);
  }

  goodput(seconds: number, priority = 5): number {
    return (this.answered.get(priority)?.length ?? 0) / seconds;
  }

  /** Share of those of a priority that were let in. */
  letIn(priority: number): number {
    const answered = this.answered.get(priority)?.length ?? 0;
    return answered / (answered + (this.refused.get(priority) ?? 0));
  }

  p99(priority = 5): number {
    const sorted = [...this.answered.get(priority)!].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length * 0.99)]!;
  }

  #arrive(priority: number): void {
    const nowMs = this.clock.monotonicMs();
    if (!this.limit.enter(priority, false, nowMs)) {
      this.refused.set(priority, (this.refused.get(priority) ?? 0) + 1);
      return;
    }
    const work = { priority, sinceMs: nowMs };
    if (this.#working < this.#workers) this.#work(work);
    else this.#waiting.push(work);
  }

  #work({ priority, sinceMs }: Work): void {
    this.#working++;
    this.clock.after(this.serviceMs, () => {
      this.#working--;
      const latencyMs = this.clock.monotonicMs() - sinceMs;
      this.limit.onEnd(latencyMs, true);
      const answered = this.answered.get(priority) ?? [];
      answered.push(latencyMs);
      this.answered.set(priority, answered);
      const next = this.#waiting.shift();
      if (next !== undefined) this.#work(next);
    });
  }
}

const all = (perSecond: number): Load => ({ priority: 5, perSecond });

describe("a process that works on 8 at a time, 10 ms each", () => {
  test("asked three times as much as it can do does at least 90 % of it, each in little more than it takes", () => {
    const rig = new Rig(8);
    rig.run(5, all(2400));
    rig.run(30, all(2400));
    expect(rig.goodput(30)).toBeGreaterThan(0.9 * 800);
    expect(rig.p99()).toBeLessThan(40);
    expect(rig.limit.limit).toBeGreaterThanOrEqual(8);
    expect(rig.limit.limit).toBeLessThanOrEqual(24);
  });

  test("is not refused anything while it has time", () => {
    const rig = new Rig(8);
    rig.run(20, all(500));
    expect(rig.letIn(5)).toBe(1);
  });

  test("comes down from a limit that is far too high, and up from one that is too low", () => {
    const high = new Rig(8, { initial: 1000 });
    high.run(10, all(2400));
    expect(high.limit.limit).toBeLessThanOrEqual(24);
    const low = new Rig(8, { initial: 3 });
    low.run(2, all(2400));
    expect(low.limit.limit).toBeGreaterThanOrEqual(8);
  });

  test("is found out again when it becomes slower, and when it becomes faster", () => {
    const rig = new Rig(8);
    rig.run(5, all(1200));
    rig.serviceMs = 30; // 267 a second
    rig.run(12, all(1200));
    rig.run(10, all(1200));
    expect(rig.goodput(10)).toBeGreaterThan(0.9 * 267);
    expect(rig.p99()).toBeLessThan(4 * 30);
    rig.serviceMs = 10;
    rig.run(2, all(600));
    rig.run(5, all(600));
    expect(rig.letIn(5)).toBe(1);
  });

  test("the limit stays within its bounds", () => {
    const rig = new Rig(8, { initial: 10, min: 10, max: 12 });
    rig.run(3, all(2400));
    expect(rig.limit.limit).toBeGreaterThanOrEqual(10);
    expect(rig.limit.limit).toBeLessThanOrEqual(12);
    rig.limit.apply({ ...doc, max: 5 });
    expect(rig.limit.limit).toBeLessThanOrEqual(5);
  });
});

test.each([
  [1, 10],
  [2, 10],
  [8, 100],
  [100, 10],
])("%i at a time, %i ms each: at least 90 % of what can be done", (workers, serviceMs) => {
  const rig = new Rig(workers);
  rig.serviceMs = serviceMs;
  const canDo = (workers * 1000) / serviceMs;
  rig.run(5, all(3 * canDo));
  rig.run(15, all(3 * canDo));
  expect(rig.goodput(15)).toBeGreaterThan(0.9 * canDo);
});

describe("where not all can be let in", () => {
  const loads = (high: number, low: number): readonly Load[] => [
    { priority: 9, perSecond: high },
    { priority: 1, perSecond: low },
  ];

  test("those of lower priority go, and nothing is left undone", () => {
    const rig = new Rig(8);
    rig.run(5, ...loads(400, 2000));
    rig.run(20, ...loads(400, 2000));
    expect(rig.letIn(9)).toBeGreaterThan(0.97);
    expect(rig.letIn(1)).toBeLessThan(0.25);
    expect(rig.goodput(20, 9) + rig.goodput(20, 1)).toBeGreaterThan(0.9 * 800);
  });

  test("those of higher priority have all of it where they alone are too many", () => {
    const rig = new Rig(8);
    rig.run(5, ...loads(2000, 400));
    rig.run(20, ...loads(2000, 400));
    expect(rig.goodput(20, 9)).toBeGreaterThan(0.9 * 800);
    expect(rig.letIn(1)).toBeLessThan(0.02);
  });

  test("what is kept for them is given back when they do not come any more", () => {
    const rig = new Rig(8);
    rig.run(5, ...loads(2000, 400));
    rig.run(2, ...loads(0.001, 400));
    rig.run(5, ...loads(0.001, 400));
    expect(rig.letIn(1)).toBe(1);
  });

  test("exempt ones are let in whatever the limit, and count", () => {
    const limit = new ConcurrencyLimit({ ...doc, initial: 3, max: 3 });
    for (let count = 0; count < 5; count++) expect(limit.enter(0, true, 0)).toBe(true);
    expect(limit.enter(9, false, 0)).toBe(false);
    expect(limit.inFlight).toBe(5);
  });
});

test("latencies that say nothing of the process are no samples, and their places are free again", () => {
  const limit = new ConcurrencyLimit({ ...doc, initial: 3 });
  for (let nowMs = 0; nowMs < 1000; nowMs++) {
    expect(limit.enter(5, false, nowMs)).toBe(true);
    limit.onEnd(-1, true);
  }
  expect(limit.inFlight).toBe(0);
  expect(limit.limit).toBe(3);
});
