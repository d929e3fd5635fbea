import { silentLog } from "@heddle/mesh/base/log.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { expect, test } from "vitest";
import { batch, everything, start } from "./batches.fixture.ts";
import { MemoryShelf } from "./memory-shelf.ts";
import { defaultRecordingLimits, type RecordingLimits, Recordings } from "./recordings.ts";
import type { Shelf, ShelfQuery } from "./shelf.ts";

function open(options: { shelf?: Shelf; limits?: Partial<RecordingLimits>; boot?: string } = {}) {
  const { shelf = new MemoryShelf(), boot = "boot", limits = {} } = options;
  const clock = new VirtualClock();
  const recordings = new Recordings({
    shelf,
    clock,
    log: silentLog,
    boot,
    workloads: () => ["a"],
    limits: { ...defaultRecordingLimits, ...limits },
  });
  const ids = () =>
    [...recordings.pages(everything)]
      .flat()
      .flatMap((one) => one.batch.exchanges.map(({ id }) => id));
  return { clock, recordings, shelf, ids };
}

test("a batch is answered once it is kept, and those that come together are kept together", () => {
  let commits = 0;
  const shelf = new MemoryShelf();
  const commit = shelf.commit.bind(shelf);
  shelf.commit = (change) => {
    commits++;
    return commit(change);
  };
  const { clock, recordings } = open({ shelf });
  commits = 0;
  const answers: string[] = [];
  recordings.take(batch(1, 3), (next) => answers.push(`a ${next}`));
  recordings.take(batch(1, 2, { uid: "b" }), (next) => answers.push(`b ${next}`));
  expect([answers, commits]).toEqual([[], 0]);
  clock.advance(20);
  expect([answers, commits]).toEqual([["a 4", "b 3"], 1]);
  recordings.take(batch(1, 3), (next) => answers.push(`again ${next}`));
  clock.advance(20);
  expect(answers.at(-1)).toBe("again 4");
  expect(recordings.counts).toMatchObject({ recorded: { whole: 5, sampled: 0 }, repeated: 1 });
  recordings.close();
});

test("what cannot be written is not answered, and written once it can be", () => {
  const shelf = new MemoryShelf();
  const { clock, recordings, ids } = open({ shelf });
  const commit = shelf.commit.bind(shelf);
  shelf.commit = () => {
    throw new Error("disk full");
  };
  const answers: number[] = [];
  recordings.take(batch(1, 3), (next) => answers.push(next));
  clock.advance(900);
  expect(answers).toEqual([]);
  shelf.commit = commit;
  clock.advance(1_000);
  expect(answers).toEqual([4]);
  expect(ids()).toEqual([1, 2, 3]);
  recordings.close();
});

test("a full store lets go of its oldest, says since when it is whole, and leaves the other alone", () => {
  const one = JSON.stringify(batch(1, 2)).length;
  const { clock, recordings, ids } = open({ limits: { wholeBytesMax: 2.5 * one } });
  recordings.take(batch(1, 2, { store: "sampled", uid: "s" }), () => {});
  for (const from of [1, 3, 5]) {
    recordings.take(batch(from, from + 1), () => {});
    clock.advance(20);
  }
  expect(ids()).toEqual([1, 2, 3, 4, 5, 6]);
  expect(recordings.complete).toEqual({ whole: 25, sampled: 0, boot: "boot" });
  expect(recordings.size("whole")).toMatchObject({ batches: 2, exchanges: 4 });
  expect(recordings.counts.evicted).toEqual({ whole: 2, sampled: 0 });
  recordings.close();
});

test("what is a day old goes", () => {
  const { clock, recordings, ids } = open();
  recordings.take(batch(1, 2), () => {});
  clock.advance(defaultRecordingLimits.ageMaxMs - 60_000);
  recordings.take(batch(3, 3), () => {});
  clock.advance(1_000);
  expect(ids()).toEqual([1, 2, 3]);
  clock.advance(120_000);
  expect(ids()).toEqual([3]);
  expect(recordings.complete.whole).toBe(25);
  recordings.close();
});

test("since when it is whole outlives the control plane, and begins anew with another boot", () => {
  const shelf = new MemoryShelf();
  const one = JSON.stringify(batch(1, 2)).length;
  const first = open({ shelf, limits: { wholeBytesMax: 1.5 * one } });
  for (const from of [1, 3]) {
    first.recordings.take(batch(from, from + 1), () => {});
    first.clock.advance(20);
  }
  expect(first.recordings.complete.whole).toBe(25);
  first.recordings.close();
  expect(open({ shelf }).recordings.complete.whole).toBe(25);
  expect(open({ shelf, boot: "next" }).recordings.complete.whole).toBe(0);
});

test("a stream is continued over lives of the control plane", () => {
  const shelf = new MemoryShelf();
  const first = open({ shelf });
  first.recordings.take(batch(1, 2), () => {});
  first.recordings.close();
  const second = open({ shelf });
  let next = 0;
  second.recordings.take(batch(1, 4), (number) => {
    next = number;
  });
  expect(second.ids()).toEqual([1, 2, 3, 4]);
  expect(next).toBe(5);
});

test("starts of processes are kept, and counted gaps are told by why", () => {
  const { recordings } = open();
  recordings.start(start("a", 10));
  recordings.start(start("a", 10));
  recordings.take(batch(3, 3), () => {});
  expect(recordings.starts(everything)).toEqual([start("a", 10)]);
  expect([...recordings.counts.gaps]).toEqual([["lost", 1]]);
  recordings.close();
});

test("an answer begins with the newest that was asked for, and says since when it has them all", async () => {
  const { recordings } = open();
  for (const from of [1, 3, 5]) recordings.take(batch(from, from + 1), () => {});
  recordings.take(batch(1, 2, { store: "sampled", uid: "s", service: "default/other" }), () => {});
  const begin = async (query: Partial<ShelfQuery>, last: number | null) => {
    let turns = 0;
    const begins = await recordings.beginning({ ...everything, ...query }, last, async () => {
      turns++;
    });
    const found = [...recordings.pages({ ...everything, ...query }, begins.after)].flat();
    const { whole, sampled } = recordings.completeFrom(begins);
    return { found: found.map(({ number }) => number), whole, sampled, turns };
  };
  const store = "whole" as const;
  expect(await begin({}, null)).toEqual({ found: [1, 2, 3, 4], whole: 0, sampled: 0, turns: 0 });
  // Number 4 ended at 45, in the last batch that is left out.
  expect(await begin({ store }, 2)).toEqual({ found: [3], whole: 45, sampled: 0, turns: 0 });
  expect(await begin({ store }, 3)).toMatchObject({ found: [2, 3], whole: 25 });
  expect(await begin({ store }, 99)).toMatchObject({ found: [1, 2, 3], whole: 0, turns: 1 });
  expect(await begin({ service: "default/kvs" }, 1)).toMatchObject({ found: [3], whole: 45 });
  const since = { boot: "boot", ms: 36, wallMs: 1_000_036 };
  expect(await begin({ store, since }, null)).toMatchObject({ found: [2, 3], whole: 36 });
  expect(await begin({ store, since }, 2)).toMatchObject({ found: [3], whole: 45 });
  recordings.close();
});
