import { expect, test } from "vitest";
import { Deadline, DeadlineWheel } from "./deadline-wheel.ts";
import { SeededRng } from "./rng.ts";
import { VirtualClock } from "./virtual-clock.ts";

class Owner {
  readonly deadline = new Deadline(this);
  readonly #log: [string, number][];
  readonly #name: string;
  readonly #clock: VirtualClock;
  constructor(clock: VirtualClock, log: [string, number][], name: string) {
    this.#clock = clock;
    this.#log = log;
    this.#name = name;
  }
  onDeadline(): void {
    this.#log.push([this.#name, this.#clock.monotonicMs()]);
  }
}

test("fires once, never early and less than a tick late", () => {
  const clock = new VirtualClock();
  const wheel = new DeadlineWheel(clock, 10);
  const log: [string, number][] = [];
  const owner = new Owner(clock, log, "a");
  wheel.set(owner.deadline, 101);
  clock.advance(100);
  expect(log).toEqual([]);
  clock.advance(1000);
  expect(log).toEqual([["a", 110]]);
  expect(owner.deadline.isSet).toBe(false);
});

test("a cleared deadline does not fire, and a set one moves", () => {
  const clock = new VirtualClock();
  const wheel = new DeadlineWheel(clock, 10);
  const log: [string, number][] = [];
  const cleared = new Owner(clock, log, "cleared");
  const moved = new Owner(clock, log, "moved");
  wheel.set(cleared.deadline, 50);
  wheel.set(moved.deadline, 50);
  clock.advance(40);
  wheel.clear(cleared.deadline);
  wheel.clear(cleared.deadline);
  wheel.set(moved.deadline, 50);
  clock.advance(1000);
  expect(log).toEqual([["moved", 90]]);
  expect(wheel.size).toBe(0);
});

test("a deadline beyond one turn of the wheel waits for its turn", () => {
  const clock = new VirtualClock();
  const wheel = new DeadlineWheel(clock, 10, 8);
  const log: [string, number][] = [];
  wheel.set(new Owner(clock, log, "late").deadline, 1000);
  wheel.set(new Owner(clock, log, "early").deadline, 40);
  clock.advance(2000);
  expect(log).toEqual([
    ["early", 40],
    ["late", 1000],
  ]);
});

test("leaves no timer behind when nothing is set", () => {
  const clock = new VirtualClock();
  const wheel = new DeadlineWheel(clock);
  const owner = new Owner(clock, [], "a");
  wheel.set(owner.deadline, 30);
  wheel.clear(owner.deadline);
  clock.advance(100);
  expect(clock.nextAtMs()).toBe(null);
});

test("a handler may clear its neighbour and set itself again", () => {
  const clock = new VirtualClock();
  const wheel = new DeadlineWheel(clock, 10);
  const fired: number[] = [];
  const neighbour = new Deadline({ onDeadline: () => fired.push(-1) });
  const own = new Deadline({
    onDeadline(deadline) {
      fired.push(clock.monotonicMs());
      wheel.clear(neighbour);
      if (fired.length < 3) wheel.set(deadline, 0);
    },
  });
  wheel.set(own, 20);
  wheel.set(neighbour, 20);
  clock.advance(500);
  expect(fired).toEqual([20, 30, 40]);
});

test("agrees with a sorted list over random sets and clears", () => {
  const rng = new SeededRng(7);
  const clock = new VirtualClock();
  const wheel = new DeadlineWheel(clock, 5, 16);
  const due = new Map<Deadline, number>();
  let fired = 0;
  const deadlines = Array.from(
    { length: 50 },
    () =>
      new Deadline({
        onDeadline(deadline) {
          const atMs = due.get(deadline)!;
          expect(clock.monotonicMs()).toBeGreaterThanOrEqual(atMs);
          expect(clock.monotonicMs()).toBeLessThan(atMs + 10);
          due.delete(deadline);
          fired++;
        },
      }),
  );
  for (let step = 0; step < 5000; step++) {
    const deadline = deadlines[rng.below(deadlines.length)]!;
    if (rng.below(3) === 0) {
      wheel.clear(deadline);
      due.delete(deadline);
    } else {
      const delayMs = rng.below(400);
      wheel.set(deadline, delayMs);
      due.set(deadline, clock.monotonicMs() + delayMs);
    }
    clock.advance(rng.below(20));
    expect(wheel.size).toBe(due.size);
  }
  expect(fired).toBeGreaterThan(100);
});
