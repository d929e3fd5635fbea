import fc from "fast-check";
import { expect, test } from "vitest";
import { StreamTable } from "./stream-table.ts";

test("holds what a Map would, whatever comes and goes", () => {
  const step = fc.record({ id: fc.nat(200), deletes: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const table = new StreamTable<{ readonly id: number }>();
      const map = new Map<number, { readonly id: number }>();
      for (const { id, deletes } of steps) {
        if (deletes) {
          table.delete(id);
          map.delete(id);
        } else if (!map.has(id)) {
          const stream = { id };
          table.add(stream);
          map.set(id, stream);
        }
        expect(table.size).toBe(map.size);
        expect(table.get(id)).toBe(map.get(id));
      }
      expect(new Set(table.values())).toEqual(new Set(map.values()));
      for (const [id, stream] of map) expect(table.get(id)).toBe(stream);
    }),
    { seed: 34 },
  );
});
