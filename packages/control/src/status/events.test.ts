import { silentLog } from "@heddle/mesh/base/log.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { checkResource } from "@heddle/mesh/resource/check.ts";
import { type Event, eventKind } from "@heddle/mesh/resource/core/event.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { expect, test } from "vitest";
import { MemoryStore } from "../store/memory.ts";
import { Events } from "./events.ts";

function setUp() {
  const store = new MemoryStore("epoch");
  const clock = new VirtualClock();
  let uids = 0;
  const events = new Events({ store, clock, log: silentLog, newUid: () => `${++uids}` });
  const list = async () => (await store.list("events", null)).items as readonly Event[];
  return { clock, events, list };
}

const about = (name: string): Resource => ({
  apiVersion: "heddle.dev/v1alpha1",
  kind: "Contract",
  metadata: { name, namespace: "default", uid: `uid of ${name}` },
});
const violated = { type: "Warning", reason: "ContractViolated", message: "1 key" } as const;

test("what happens again to an object is counted up, with the newest message and both times", async () => {
  const { clock, events, list } = setUp();
  await events.tell(about("kvs"), violated);
  clock.advance(5_000);
  await events.tell(about("kvs"), { ...violated, message: "2 keys" });
  await events.tell(about("other"), violated);
  const found = await list();
  expect(
    found.map(({ involvedObject, count, message }) => [involvedObject.name, count, message]),
  ).toEqual([
    ["kvs", 2, "2 keys"],
    ["other", 1, "1 key"],
  ]);
  expect(Date.parse(found[0]!.lastTimestamp!) - Date.parse(found[0]!.firstTimestamp!)).toBe(5_000);
  expect(checkResource(eventKind, found[0])).toMatchObject({ ok: true });
  events.close();
});

test("one goes an hour after it last happened", async () => {
  const { clock, events, list } = setUp();
  await events.tell(about("kvs"), violated);
  clock.advance(30 * 60_000);
  await events.tell(about("kvs"), violated);
  clock.advance(59 * 60_000);
  await flush();
  expect(await list()).toHaveLength(1);
  clock.advance(3 * 60_000);
  await flush();
  expect(await list()).toEqual([]);
  events.close();
});

test("of too many those go that happened longest ago", async () => {
  const { clock, events, list } = setUp();
  for (let index = 0; index < 1_003; index++) {
    await events.tell(about(`c${index}`), violated);
    clock.advance(1_000);
  }
  await events.tell(about("last"), violated);
  const names = new Set((await list()).map(({ involvedObject }) => involvedObject.name));
  expect(names.size).toBeLessThanOrEqual(1_001);
  expect(names.has("last") && names.has("c1002") && !names.has("c0")).toBe(true);
  events.close();
});

async function flush(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await null;
}
