import { silentLog } from "@heddle/mesh/base/log.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { kindOf } from "@heddle/mesh/resource/check.ts";
import { service } from "@heddle/mesh/resource/compile/samples.fixture.ts";
import type { Event } from "@heddle/mesh/resource/core/event.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { expect, test } from "vitest";
import { keyOf } from "../store/collection.ts";
import { MemoryStore } from "../store/memory.ts";
import { Controller } from "../watch/controller.ts";
import { ClaimedEvents } from "./claimed-events.ts";
import { Events } from "./events.ts";

async function setUp() {
  const store = new MemoryStore("epoch");
  const clock = new VirtualClock();
  let uids = 0;
  const newUid = () => `${++uids}`;
  const events = new Events({ store, clock, log: silentLog, newUid });
  const holder: { claimed: ClaimedEvents | null } = { claimed: null };
  const controller = await Controller.open({
    store,
    clock,
    log: silentLog,
    newUid,
    revision: () => 0,
    endpointsVersion: 0,
    stateDir: "/nowhere",
    hashKey: "0".repeat(32),
    workingDir: "/nowhere",
    events: {
      onDesired: () => {},
      onDocuments: () => {},
      onSettled: () => holder.claimed?.onSettled(),
    },
  });
  holder.claimed = new ClaimedEvents({ controller, events, clock });
  const rest = async (ms: number) => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    clock.advance(ms);
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  };
  return {
    put: async (resource: Resource) => {
      await store.commit([
        { op: "create", key: keyOf(kindOf(resource)!, resource), object: resource },
      ]);
    },
    remove: async (resource: Resource) => {
      await store.commit([{ op: "delete", key: keyOf(kindOf(resource)!, resource), expect: null }]);
    },
    pass: async (ms: number) => {
      await rest(0); // a pass
      await rest(ms);
      await rest(0);
    },
    list: async () =>
      ((await store.list("events", null)).items as readonly Event[]).map(
        ({ involvedObject, type, reason, count, message }) =>
          `${involvedObject.kind}/${involvedObject.name} ${type} ${reason} x${count}: ${message}`,
      ),
  };
}

const split = (backends: readonly string[]): Resource => ({
  apiVersion: "split.smi-spec.io/v1alpha4",
  kind: "TrafficSplit",
  metadata: { name: "s", namespace: "default", uid: "u" },
  spec: { service: "app", backends: backends.map((one) => ({ service: one, weight: 1 })) },
});
const missing = (name: string) =>
  `There is no Service ${name} with endpoints in namespace default: its share gets 503.`;

test("what is wrong with a split is an Event, one for all of a sort, and told again while it stands", async () => {
  const { put, pass, list } = await setUp();
  await put(service("app"));
  await put(split(["b", "c"]));
  await pass(1_000);
  const said = `${missing("b")} ${missing("c")}`;
  expect(await list()).toEqual([`TrafficSplit/s Warning BackendNotFound x1: ${said}`]);
  await pass(29 * 60_000);
  expect(await list()).toEqual([`TrafficSplit/s Warning BackendNotFound x1: ${said}`]);
  await pass(60_000);
  expect(await list()).toEqual([`TrafficSplit/s Warning BackendNotFound x2: ${said}`]);
});

test("what is put right is told no more, and told anew when it is wrong again", async () => {
  const { put, remove, pass, list } = await setUp();
  await put(service("app"));
  await put(split(["b"]));
  await pass(1_000);
  await put(service("b"));
  await pass(1_000);
  await pass(45 * 60_000);
  expect(await list()).toEqual([`TrafficSplit/s Warning BackendNotFound x1: ${missing("b")}`]);
  await remove(service("b"));
  await pass(1_000);
  expect(await list()).toEqual([`TrafficSplit/s Warning BackendNotFound x2: ${missing("b")}`]);
});

test("what does not stand for a second is not told of", async () => {
  const { put, pass, list } = await setUp();
  await put(split(["b"]));
  await pass(500);
  await put(service("app"));
  await put(service("b"));
  await pass(1_000);
  expect(await list()).toEqual([]);
});
