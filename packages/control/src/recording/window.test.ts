import { silentLog } from "@heddle/mesh/base/log.ts";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { checkContract } from "@heddle/mesh/contract/check-contract.ts";
import { kvs } from "@heddle/mesh/contract/definition/kvs.ts";
import { sequentialModel } from "@heddle/mesh/contract/model.ts";
import { assembleOperations } from "@heddle/mesh/contract/operations.ts";
import {
  kvsContract,
  makeRecord,
  type RecordShape,
} from "@heddle/mesh/contract/recorded.fixture.ts";
import { ValueRecorder } from "@heddle/mesh/contract/recorded-value.ts";
import type { RecordedBatch, RecordedLine } from "@heddle/mesh/history/batch.ts";
import { expect, test } from "vitest";
import { everything } from "./batches.fixture.ts";
import { MemoryShelf } from "./memory-shelf.ts";
import { narrow } from "./narrow.ts";
import { Recordings } from "./recordings.ts";
import type { ShelfQuery } from "./shelf.ts";

const hashes = new ValueRecorder(kvsContract);
const shape: RecordShape = {
  exchanges: 150,
  keys: 3,
  lostThere: 0,
  lostHere: 0,
  stale: 0,
  fates: [
    "answered",
    "answered",
    "answered",
    "answered",
    "reply-lost",
    "request-lost",
    "second-try",
  ],
};

/** Keeps a record as it would have come, a little out of order between proxies, and asks for a part of it. */
async function answer(
  rng: SeededRng,
  made: readonly RecordedLine[],
  query: Partial<ShelfQuery>,
  last: number | null,
) {
  const clock = new VirtualClock(1_000_000);
  const recordings = new Recordings({
    shelf: new MemoryShelf(),
    clock,
    log: silentLog,
    boot: "b",
    workloads: () => [],
  });
  const endOf = ({ exchanges, gaps }: RecordedBatch) =>
    Math.max(...exchanges.map(({ endMs }) => endMs), ...gaps.map(({ toMs }) => toMs));
  const batches = made
    .flatMap((line) => ("batch" in line ? [line.batch] : []))
    .map((batch) => ({ batch, atMs: endOf(batch) + rng.below(100) }))
    .sort((a, b) => a.atMs - b.atMs || a.batch.from - b.batch.from);
  for (const { batch, atMs } of batches) {
    clock.advance(Math.max(0, atMs - clock.monotonicMs()));
    recordings.take(batch, () => {});
  }
  const asked = { ...everything, ...query };
  const begins = await recordings.beginning(asked, last, async () => {});
  const lines: RecordedLine[] = made.filter((line) => "start" in line);
  for (const page of recordings.pages(asked, begins.after)) {
    for (const { batch } of page) {
      const meant = narrow(batch, asked);
      if (meant !== null) lines.push({ batch: meant });
    }
  }
  lines.push({ complete: recordings.completeFrom(begins) });
  recordings.close();
  return lines;
}

function verdictOf(lines: readonly RecordedLine[], contractSinceWallMs: number | null) {
  return checkContract({
    ...assembleOperations({
      lines,
      contract: kvsContract,
      service: "default/kvs",
      contractSinceWallMs,
    }),
    contract: "kvs",
    service: "kvs",
    consistency: "linearizable",
    model: sequentialModel(kvs, { key: "k", hashes }),
    clock: new VirtualClock(),
  });
}

/** The shape's lost share, and the part that is asked for, by seed. */
function part(rng: SeededRng): {
  readonly query: Partial<ShelfQuery>;
  readonly last: number | null;
} {
  const ms = 1000 + rng.below(1600);
  const since = rng.below(3) === 0 ? null : { boot: "b", ms, wallMs: ms + 1_000_000 };
  return {
    query: { since, service: rng.below(2) === 0 ? null : "default/kvs", store: "whole" },
    last: rng.below(2) === 0 ? null : 1 + rng.below(300),
  };
}

test("whatever part of the record is asked for, a service that keeps its contract is never called wrong", async () => {
  const words = new Map<string, number>();
  for (let seed = 0; seed < 600; seed++) {
    const rng = new SeededRng(seed);
    const lost = [0, 0.1, 0.3][rng.below(3)]!;
    const { lines } = makeRecord(rng, { ...shape, lostThere: lost, lostHere: lost });
    const { query, last } = part(rng);
    const answered = await answer(rng, lines, query, last);
    const since = query.since?.wallMs ?? null;
    const verdict = verdictOf(answered, rng.below(2) === 0 ? 0 : since);
    expect([seed, verdict.counterexample]).toEqual([seed, undefined]);
    words.set(verdict.verdict, (words.get(verdict.verdict) ?? 0) + 1);
  }
  expect(words.get("holds")).toBeGreaterThan(300);
}, 120_000);

test("one that gives old values is found out in most parts of its record", async () => {
  let found = 0;
  for (let seed = 0; seed < 60; seed++) {
    const rng = new SeededRng(seed);
    const { lines } = makeRecord(rng, { ...shape, stale: 0.3 });
    const ms = 1000 + rng.below(800);
    const query = { since: { boot: "b", ms, wallMs: ms + 1_000_000 }, service: "default/kvs" };
    const answered = await answer(rng, lines, query, null);
    if (verdictOf(answered, query.since.wallMs).verdict === "violated") found++;
  }
  expect(found).toBeGreaterThan(45);
});
