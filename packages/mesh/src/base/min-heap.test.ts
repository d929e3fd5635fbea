import fc from "fast-check";
import { expect, test } from "vitest";
import { MinHeap } from "./min-heap.ts";

test("gives what was put in, least first, however takes and puts are mixed", () => {
  const steps = fc.array(fc.option(fc.integer(), { nil: null }), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (inputs) => {
      const heap = new MinHeap<number>((a, b) => a < b);
      let model: number[] = [];
      for (const input of inputs) {
        if (input === null) {
          const [least, ...rest] = model.toSorted((a, b) => a - b);
          expect(heap.pop()).toBe(least);
          model = rest;
        } else {
          heap.push(input);
          model.push(input);
        }
        expect(heap.size).toBe(model.length);
      }
    }),
    { seed: 1 },
  );
});
