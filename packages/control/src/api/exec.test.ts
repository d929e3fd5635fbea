import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { expect, test } from "vitest";
import { MemoryStore } from "../store/memory.ts";
import { GuestWatch, guestAnnotation } from "./exec.ts";

const key = (name: string) => ({ collection: "workloads.heddle.dev", namespace: "default", name });

async function storeWith(guests: Readonly<Record<string, string | null>>): Promise<MemoryStore> {
  const store = new MemoryStore("epoch");
  for (const [name, pid] of Object.entries(guests)) {
    const annotations = pid === null ? {} : { annotations: { [guestAnnotation]: pid } };
    const object: Resource = {
      apiVersion: "heddle.dev/v1alpha1",
      kind: "Workload",
      metadata: { name, namespace: "default", ...annotations },
      spec: { serviceAccountName: name },
    };
    await store.commit([{ op: "create", key: key(name), object }]);
  }
  return store;
}

const going = async (store: MemoryStore) =>
  (await store.list("workloads.heddle.dev", null)).items
    .filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
    .map(({ metadata }) => metadata.name);

test("after a restart guests stay while their process lives; other workloads are left alone", async () => {
  const store = await storeWith({ kvs: null, living: "7", dead: "8", nobody: "none" });
  const clock = new VirtualClock();
  const alive = new Set([7]);
  const watch = new GuestWatch(store, clock, (pid) => alive.has(pid));
  await watch.start();
  expect(await going(store)).toEqual(["dead", "nobody"]);
  clock.advance(10_000);
  expect(await going(store)).toEqual(["dead", "nobody"]);
  alive.clear();
  clock.advance(2_000);
  for (let turn = 0; turn < 20; turn++) await null;
  expect(await going(store)).toEqual(["dead", "living", "nobody"]);
  watch.close();
});
