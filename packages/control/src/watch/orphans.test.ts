import { silentLog } from "@heddle/mesh/base/log.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { MeshIndex } from "@heddle/mesh/resource/compile/mesh-index.ts";
import { faultKind } from "@heddle/mesh/resource/heddle/fault.ts";
import { type Workload, workloadKind } from "@heddle/mesh/resource/heddle/workload.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { expect, test } from "vitest";
import { IntentLog } from "../revision/intent-log.ts";
import { keyOf } from "../store/collection.ts";
import { MemoryStore } from "../store/memory.ts";
import { Objects } from "./objects.ts";
import { Orphans } from "./orphans.ts";
import { markDeleted } from "./workload-plan.ts";

async function setUp() {
  const store = new MemoryStore("epoch");
  const clock = new VirtualClock();
  const intent = await IntentLog.open(
    store,
    clock,
    (collection) => collection !== "workloads.heddle.dev",
  );
  const objects = new Objects(new MeshIndex(), () => orphans.onSettled());
  const orphans = new Orphans(objects, intent, silentLog);
  await objects.follow(store);
  const put = async (kind: typeof faultKind, object: Resource) => {
    await store.commit([{ op: "create", key: keyOf(kind, object), object }]);
  };
  const settle = async () => {
    orphans.onSettled();
    for (let turn = 0; turn < 20; turn++) await null;
  };
  const faults = async () =>
    (await store.list("faults.heddle.dev", null)).items.map(({ metadata }) => metadata.name);
  return { store, intent, put, settle, faults };
}

const workload = (name: string, uid: string): Workload => ({
  apiVersion: "heddle.dev/v1alpha1",
  kind: "Workload",
  metadata: { name, namespace: "default", uid },
  spec: { serviceAccountName: name },
});

const fault = (name: string, owner: { kind: string; uid: string } | null): Resource => ({
  apiVersion: "heddle.dev/v1alpha1",
  kind: "Fault",
  metadata: {
    name,
    namespace: "default",
    uid: `uid of ${name}`,
    ...(owner === null
      ? {}
      : { ownerReferences: [{ apiVersion: "heddle.dev/v1alpha1", name: "driver", ...owner }] }),
  },
  spec: { targetRefs: [{ kind: "Service", name: "kvs" }], reset: { percent: 1 } },
});

test("what a workload owned goes with it, and nothing else", async () => {
  const { store, put, settle, faults } = await setUp();
  await put(workloadKind, workload("driver", "d1"));
  await put(faultKind, fault("owned", { kind: "Workload", uid: "d1" }));
  await put(faultKind, fault("free", null));
  await put(faultKind, fault("of-a-process", { kind: "Process", uid: "p1" }));
  await settle();
  expect(await faults()).toEqual(["free", "of-a-process", "owned"]);
  const driver = (await store.list("workloads.heddle.dev", null)).items[0] as Workload;
  await store.commit([markDeleted(driver, 0)]);
  await settle();
  expect(await faults()).toEqual(["free", "of-a-process"]);
});

test("what names an owner that was never there goes, and an uid that was taken again is no owner", async () => {
  const { intent, put, settle, faults } = await setUp();
  await put(workloadKind, workload("driver", "d2"));
  await put(faultKind, fault("late", { kind: "Workload", uid: "d1" }));
  await settle();
  expect(await faults()).toEqual([]);
  const [last] = await intent.list();
  expect(last).toMatchObject({
    author: "heddle",
    cause: "delete fault/late, whose owner driver is gone",
  });
});
