import { expect, test } from "vitest";
import { RingQueue } from "./ring-queue.ts";
import { SeededRng } from "./rng.ts";

test("refuses what is beyond its capacity and stays as it was", () => {
  const queue = new RingQueue<number>(2);
  expect([queue.push(1), queue.push(2), queue.push(3)]).toEqual([true, true, false]);
  expect([...queue]).toEqual([1, 2]);
  expect(queue.isFull).toBe(true);
});

test("agrees with an array over random operations", () => {
  const rng = new SeededRng(3);
  const queue = new RingQueue<number>(100);
  const model: number[] = [];
  for (let step = 0; step < 20_000; step++) {
    if (rng.below(100) < 52) {
      const fits = model.length < 100;
      expect(queue.push(step)).toBe(fits);
      if (fits) model.push(step);
    } else {
      expect(queue.peek()).toBe(model[0]);
      expect(queue.shift()).toBe(model.shift());
    }
    expect(queue.size).toBe(model.length);
  }
  expect([...queue]).toEqual(model);
  queue.clear();
  expect(queue.shift()).toBe(undefined);
});
