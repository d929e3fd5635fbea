import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { expect, test } from "vitest";
import { MemoryStore } from "../store/memory.ts";
import type { Write } from "../store/store.ts";
import { IntentLog } from "./intent-log.ts";
import { intentOf, isSameData, isSameIntent, summarise, undo } from "./revision.ts";

const motive = { author: "dana", cause: "test" };
const object = (name: string, spec: unknown, status?: unknown): Resource => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "default", uid: "1", resourceVersion: "7", generation: 3 },
  spec,
  ...(status === undefined ? {} : { status }),
});
const write = (op: "create" | "update", name: string, spec: unknown, status?: unknown): Write => ({
  op,
  key: { collection: "services", namespace: "default", name },
  object: object(name, spec, status),
  expect: null,
});

test("intent is what somebody wrote: not status, versions or ids", () => {
  expect(intentOf(object("a", { x: 1 }, { ready: true }))).toEqual({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "a", namespace: "default" },
    spec: { x: 1 },
  });
  expect(isSameIntent(object("a", { x: 1, y: 2 }, 1), object("a", { y: 2, x: 1 }, 2))).toBe(true);
  expect(isSameIntent(object("a", { x: 1 }), object("a", { x: 2 }))).toBe(false);
});

test.each([
  [{ a: undefined }, {}, true],
  [[1, 2], [2, 1], false],
  [[], {}, false],
  [null, {}, false],
  [{ a: { b: [1] } }, { a: { b: [1] } }, true],
])("%j and %j say the same: %s", (a, b, same) => {
  expect(isSameData(a, b)).toBe(same);
  expect(isSameData(b, a)).toBe(same);
});

test("a revision is a change of intent; a status makes none, and numbers go on after a restart", async () => {
  const store = new MemoryStore("epoch");
  const clock = new VirtualClock();
  const open = () => IntentLog.open(store, clock, (collection) => collection === "services");
  const log = await open();
  let told = 0;
  log.follow(() => told++);
  await log.commit([write("create", "a", { x: 1 })], motive);
  await log.commit([write("update", "a", { x: 1 }, { ready: true })], motive);
  await log.commit([write("create", "a", { x: 2 })], motive); // exists: nothing happens
  expect([log.revision, told]).toEqual([1, 1]);
  const again = await open();
  await again.commit([write("update", "a", { x: 2 })], motive);
  expect(again.revision).toBe(2);
  const [latest] = await again.list();
  expect(latest!.changes.map(summarise)).toEqual(["~ Service/a"]);
  expect(latest).toMatchObject({ ...motive, atWallMs: clock.wallMs() });
});

test("commits at once are revisions one after the other", async () => {
  const store = new MemoryStore("epoch");
  const log = await IntentLog.open(store, new VirtualClock(), () => true);
  const names = ["a", "b", "c", "d"];
  await Promise.all(names.map((name) => log.commit([write("create", name, {})], motive)));
  expect((await log.list()).map(({ revision }) => revision)).toEqual([4, 3, 2, 1]);
});

test("undoing goes back to what was before the first of several changes", () => {
  const change = (before: unknown, after: unknown) => ({
    collection: "services",
    before: before === null ? null : object("a", before),
    after: after === null ? null : object("a", after),
  });
  const revision = (number: number, before: unknown, after: unknown) => ({
    ...motive,
    revision: number,
    atWallMs: 0,
    changes: [change(before, after)],
  });
  const later = [revision(3, { x: 2 }, { x: 3 }), revision(2, { x: 1 }, { x: 2 })];
  expect(undo(later)).toEqual([change({ x: 3 }, { x: 1 })]);
  expect(undo([revision(2, null, { x: 1 }), revision(3, { x: 1 }, null)])).toEqual([]);
  expect(undo([revision(2, { x: 1 }, { x: 2 }), revision(3, { x: 2 }, { x: 1 })])).toEqual([]);
});

test("a commit that only fits after one revision is refused after another", async () => {
  const log = await IntentLog.open(new MemoryStore("epoch"), new VirtualClock(), () => true);
  const [first, second] = await Promise.all([
    log.commit([write("create", "a", {})], { ...motive, after: 0 }),
    log.commit([write("create", "b", {})], { ...motive, after: 0 }),
  ]);
  expect([first.ok, second.ok, log.revision]).toEqual([true, false, 1]);
});
