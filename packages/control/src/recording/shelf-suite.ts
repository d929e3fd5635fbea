import { expect, test } from "vitest";
import { batch, everything, start, wallOffsetMs } from "./batches.fixture.ts";
import type { Shelf, ShelfChange, ShelfQuery } from "./shelf.ts";

export function change(more: Partial<ShelfChange>): ShelfChange {
  return {
    batches: [],
    streams: [],
    starts: [],
    evicted: [],
    complete: {},
    forget: null,
    nowWallMs: 0,
    ...more,
  };
}

const stream = (uid: string, life: string, seenWallMs: number) =>
  ({ uid, life, store: "whole", next: 4, lastMs: 35, boot: "boot", seenWallMs }) as const;

const since = (ms: number) => ({ boot: "boot", ms, wallMs: wallOffsetMs + ms });

/** What every shelf must do. */
export function shelfSuite(open: () => Shelf): void {
  const found = (shelf: Shelf, query: Partial<ShelfQuery>) =>
    shelf.page({ ...everything, ...query }, 0, 100).map((one) => one.batch);

  test("gives back what it was given, in order, a page at a time", () => {
    const shelf = open();
    const batches = [batch(1, 2), batch(1, 1, { uid: "b" }), batch(3, 3)];
    const sizes = shelf.commit(change({ batches }));
    expect(sizes).toHaveLength(3);
    expect(found(shelf, {})).toEqual(batches);
    const [first, second] = shelf.page(everything, 0, 2);
    expect([first, second].map((one) => one?.batch)).toEqual(batches.slice(0, 2));
    expect(shelf.page(everything, second!.number, 2).map((one) => one.batch)).toEqual([batches[2]]);
    expect(shelf.size("whole")).toEqual({
      batches: 3,
      exchanges: 4,
      bytes: sizes.reduce((sum, size) => sum + size, 0),
    });
    shelf.close();
  });

  test("finds by store, service, workload and time", () => {
    const shelf = open();
    const kvs = batch(1, 2);
    const other = batch(10, 12, { uid: "b", service: "default/other", store: "sampled" });
    const gap = { fromMs: 500, toMs: 600, missing: 1, reason: "rate" } as const;
    const gaps = batch(13, 12, { uid: "b", store: "sampled", gaps: [gap] });
    shelf.commit(change({ batches: [kvs], nowWallMs: wallOffsetMs + 30 }));
    shelf.commit(change({ batches: [other, gaps], nowWallMs: wallOffsetMs + 700 }));
    expect(found(shelf, { store: "whole" })).toEqual([kvs]);
    expect(found(shelf, { store: "sampled" })).toEqual([other, gaps]);
    expect(found(shelf, { workload: "b-0" })).toEqual([other, gaps]);
    expect(found(shelf, { namespace: "elsewhere" })).toEqual([]);
    // A gap may have held any service.
    expect(found(shelf, { service: "default/kvs" })).toEqual([kvs, gaps]);
    expect(found(shelf, { service: "default/kv" })).toEqual([gaps]);
    expect(found(shelf, { since: since(26) })).toEqual([other, gaps]);
    expect(found(shelf, { since: since(25) })).toEqual([kvs, other, gaps]);
    expect(found(shelf, { untilWallMs: wallOffsetMs + 99 })).toEqual([kvs]);
    expect(found(shelf, { since: since(10_000) })).toEqual([]);
    shelf.close();
  });

  test("finds what ended since by the clock that nobody sets, and of another boot by the wall's", () => {
    const shelf = open();
    // Kept when the wall clock was an hour behind, and a day ahead.
    const slow = { ...batch(1, 2), wallOffsetMs: wallOffsetMs - 3_600_000 };
    const fast = { ...batch(3, 4), wallOffsetMs: wallOffsetMs + 86_400_000 };
    const earlier = batch(5, 6, { boot: "earlier", life: "0" });
    shelf.commit(change({ batches: [slow], nowWallMs: wallOffsetMs - 3_500_000 }));
    shelf.commit(change({ batches: [fast], nowWallMs: wallOffsetMs + 86_500_000 }));
    shelf.commit(change({ batches: [earlier], nowWallMs: wallOffsetMs + 1_000 }));
    const from = (ms: number) => {
      const query = { ...everything, since: since(ms) };
      return shelf.page(query, shelf.first(query) - 1, 100).map((one) => one.batch);
    };
    expect(from(25)).toEqual([slow, fast, earlier]);
    expect(from(26)).toEqual([fast, earlier]);
    expect(from(46)).toEqual([earlier]);
    expect(from(66)).toEqual([]);
    shelf.close();
  });

  test("tells rows from the newest on, what is before them, and pages of so many exchanges", () => {
    const shelf = open();
    const batches = [batch(1, 700), batch(701, 1400), batch(1401, 1402)];
    shelf.commit(change({ batches: [...batches, batch(9, 9, { store: "sampled", uid: "s" })] }));
    const whole = { ...everything, store: "whole" } as const;
    expect(shelf.newest).toBe(4);
    expect(shelf.rows(whole, 1, 4).map(({ number }) => number)).toEqual([3, 2, 1]);
    expect(shelf.rows(whole, 2, 2)).toMatchObject([{ exchanges: 700, lastMs: 14_005 }]);
    expect(shelf.lastBefore(3, { store: "whole", boot: "boot" })).toBe(14_005);
    expect(shelf.lastBefore(1, { store: "whole", boot: "boot" })).toBe(-Infinity);
    expect(shelf.lastBefore(9, { store: "whole", boot: "other" })).toBe(-Infinity);
    expect(shelf.page(whole, 0, 100).map(({ number }) => number)).toEqual([1, 2]);
    expect(shelf.page(whole, 0, 100, 1).map(({ number }) => number)).toEqual([1]);
    shelf.close();
  });

  test("takes out what is evicted, the oldest of each store first", () => {
    const shelf = open();
    shelf.commit(change({ batches: [batch(1, 2), batch(3, 3)], nowWallMs: 7 }));
    const [first] = shelf.oldest("whole", 1);
    expect(first).toMatchObject({ atWallMs: 7, exchanges: 2, lastMs: 25, boot: "boot" });
    expect(shelf.oldest("sampled", 1)).toEqual([]);
    shelf.commit(
      change({ evicted: [first!.number], complete: { whole: { boot: "b", sinceMs: 25 } } }),
    );
    expect(found(shelf, {})).toEqual([batch(3, 3)]);
    expect(shelf.complete("whole")).toEqual({ boot: "b", sinceMs: 25 });
    expect(shelf.complete("sampled")).toBeNull();
    shelf.close();
  });

  test("keeps a start once, and finds starts by workload and time", () => {
    const shelf = open();
    const starts = [start("a", 10), start("b", 5), start("a", 20, 1)];
    shelf.commit(change({ starts }));
    shelf.commit(change({ starts: [start("b", 5)] }));
    const query = { namespace: null, workload: null, untilWallMs: null };
    expect(shelf.starts(query)).toEqual([starts[1], starts[0], starts[2]]);
    expect(shelf.starts({ ...query, workload: "a-0" })).toEqual([starts[0], starts[2]]);
    expect(shelf.starts({ ...query, untilWallMs: wallOffsetMs + 5 })).toEqual([starts[1]]);
    shelf.close();
  });

  test("forgets what is old, but for the newest of workloads that are still there", () => {
    const shelf = open();
    const streams = [
      stream("a", "1", 1),
      stream("a", "2", 2),
      stream("b", "1", 1),
      stream("c", "1", 9),
    ];
    const starts = [start("a", 10), start("a", 20, 1), start("b", 5)];
    shelf.commit(change({ streams, starts }));
    shelf.commit(change({ forget: { beforeWallMs: 5, exceptUids: new Set(["a"]) } }));
    const left = () =>
      shelf
        .streams()
        .map(({ uid, life }) => `${uid}${life}`)
        .sort();
    expect(left()).toEqual(["a2", "c1"]);
    shelf.commit(
      change({ forget: { beforeWallMs: wallOffsetMs * 2, exceptUids: new Set(["a"]) } }),
    );
    expect(left()).toEqual(["a2"]);
    expect(shelf.starts({ namespace: null, workload: null, untilWallMs: null })).toEqual([
      starts[1],
    ]);
    shelf.close();
  });
}
