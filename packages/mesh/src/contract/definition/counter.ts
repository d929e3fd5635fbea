import { algebra, int, str } from "../index.ts";

const k = str("k"), j = str("j");

/**
 * Named counters. `increment` gives what it made: no two of one counter give the same number, and none is left out.
 *
 * HTTP: `GET /{k}` gives 200 and the number, `POST /{k}` counts and gives 200 and the new one. 503 refuses.
 */
export const counter = algebra("Counter", {
  read: { takes: [k], gives: int },
  increment: { takes: [k], gives: int, changes: true },
})
  .axiom(({ empty, read, increment }) => [
    read(empty, k).is(0),
    increment(empty, k).is(1),
    increment(increment(empty, k), k).is(2),
  ])
  .extension(({ s, read, increment }) => [
    read(increment(s, k), k).is(increment(s, k)),
    read(increment(s, k), j).is(read(s, j)).where(j.isNot(k)),
  ])
  .model<ReadonlyMap<string, number>>({
    empty: new Map(),
    read: (counts, k) => counts.get(k) ?? 0,
    increment: (counts, k) => {
      const count = (counts.get(k) ?? 0) + 1;
      return [new Map(counts).set(k, count), count];
    },
  })
  .http({
    read: { on: "GET /{k}", ok: [200] },
    increment: { on: "POST /{k}", ok: [200], refused: [503] },
  });
