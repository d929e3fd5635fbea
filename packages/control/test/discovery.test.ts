import { afterEach, expect, test } from "vitest";
import { type Member, Plane } from "./plane.ts";
import { placement, process, service } from "./resources.ts";

const open: (Plane | Member)[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function plane(): Promise<Plane> {
  const made = await Plane.open();
  open.push(made);
  return made;
}

async function join(control: Plane, name: string, options = {}): Promise<Member> {
  const member = await control.join(name, options);
  open.push(member);
  return member;
}

test("a workload becomes an endpoint once its own proxy holds it and its process is ready", async () => {
  const control = await plane();
  await control.apply(
    process("kvs", { replicas: 2 }),
    service("kvs"),
    process("visitor", { calls: ["kvs"] }),
  );
  const visitor = await join(control, "visitor-0");
  await control.until("documents", () => visitor.endpoints("kvs"));
  expect(visitor.endpoints("kvs")).toEqual({});
  control.setReady("kvs-0", true);
  const kvs = await join(control, "kvs-0");
  await control.until("kvs-0 ready", () => visitor.endpoints("kvs")?.["kvs-0"] === "ready");
  expect(visitor.endpoints("kvs")).toEqual({ "kvs-0": "ready" });
  const own = kvs.latest?.documents.get("proxy");
  expect(own?.kind === "proxy" && own.inbound?.ports.length).toBe(1);
  control.setReady("kvs-0", false);
  await control.until("kvs-0 away", () => visitor.endpoints("kvs")?.["kvs-0"] === "away");
  control.setReady("kvs-0", true);
  await control.until("kvs-0 back", () => visitor.endpoints("kvs")?.["kvs-0"] === "ready");
});

test("a service is sent in full to those that call it by declaration or use, and its backends with it", async () => {
  const control = await plane();
  await control.apply(process("a"), service("b"), service("c"));
  const member = await join(control, "a-0");
  await control.until("own document", () => member.latest?.documents.has("proxy"));
  expect([...member.latest!.documents.keys()]).toEqual(["proxy"]);
  const own = member.latest!.documents.get("proxy");
  await control.until("listeners", () => {
    const document = member.latest?.documents.get("proxy");
    return document?.kind === "proxy" && document.outbound.length === 2;
  });
  expect(own?.kind).toBe("proxy");
  member.membership.want("default/c");
  await control.until("c", () => member.latest?.documents.has("service/default/c"));
  expect(member.latest!.documents.has("service/default/b")).toBe(false);
});

test("a new service has a workload as its endpoint once that one's proxy knows of it", async () => {
  const control = await plane();
  await control.apply(process("kvs"), service("kvs"), process("v", { calls: ["kvs", "again"] }));
  control.setReady("kvs-0", true);
  const kvs = await join(control, "kvs-0");
  const caller = await join(control, "v-0");
  await control.until("ready", () => caller.endpoints("kvs")?.["kvs-0"] === "ready");
  await control.apply(service("again", "kvs"));
  await control.until("second service", () => caller.endpoints("again")?.["kvs-0"] === "ready");
  // No caller was told before the workload's own proxy was.
  const serves = kvs.snapshots.findIndex((_, index) => kvs.serves(index).includes("default/again"));
  const told = caller.snapshots.findIndex(
    (_, index) => caller.endpointsAt(index, "again")?.["kvs-0"],
  );
  expect(kvs.snapshots[serves]!.endpointsVersion).toBeLessThan(
    caller.snapshots[told]!.endpointsVersion,
  );
});

test("slots are given to all replicas at once, stay when one goes away, and move little when scaled", async () => {
  const control = await plane();
  await control.apply(process("kvs", { replicas: 3 }), service("kvs"), placement("kvs", "kvs", 30));
  const slots = () => control.controller.index.inputs.slots.get("default/kvs");
  const first = await control.until("slots", slots);
  expect(first.owners.length).toBe(3);
  expect(first.assignmentEpoch).toBe(1);
  control.setReady("kvs-0", true);
  control.setReady("kvs-0", false);
  await control.apply(process("kvs", { replicas: 4 }), service("kvs"));
  const second = await control.until("fourth owner", () => slots()?.owners.length === 4 && slots());
  const moved = first.assignment.filter(
    (owner, slot) => first.owners[owner] !== second.owners[second.assignment[slot]!],
  );
  expect(moved.length).toBe(7); // 30 slots over 4: 8, 8, 7, 7
});

test("a workload that is scaled away drains after its callers know, and is deleted when nothing runs", async () => {
  const control = await plane();
  await control.apply(
    process("kvs", { replicas: 2 }),
    service("kvs"),
    process("v", { calls: ["kvs"] }),
  );
  const members = [];
  for (const name of ["kvs-0", "kvs-1", "v-0"]) {
    control.setReady(name, true);
    members.push(await join(control, name));
  }
  const caller = members[2]!;
  await control.until("both", () => Object.keys(caller.endpoints("kvs") ?? {}).length === 2);
  await control.until("both ready", () => caller.endpoints("kvs")?.["kvs-1"] === "ready");
  const seen: string[] = [];
  await control.apply(process("kvs", { replicas: 1 }));
  await control.until("gone", () => {
    const state = caller.endpoints("kvs")?.["kvs-1"] ?? "none";
    const drains = control.desired.workloads.some(({ name, drain }) => name === "kvs-1" && drain);
    const step = `${state}${drains ? " drains" : ""}`;
    if (seen.at(-1) !== step) seen.push(step);
    return state === "none" && control.uidOf("kvs-1") === null;
  });
  expect(seen.indexOf("draining")).toBeGreaterThanOrEqual(0);
  expect(seen.findIndex((step) => step.endsWith("drains"))).toBeGreaterThan(
    seen.indexOf("draining"),
  );
});

test("a proxy that comes back with what it had gets a delta of what changed, not the whole", async () => {
  const control = await plane();
  await control.apply(process("a", { calls: ["b", "c"] }), service("b"), service("c"));
  const first = await control.join("a-0");
  await control.until("documents", () => first.latest?.documents.size === 5);
  const kept = first.latest!;
  await first.membership.close();
  await control.until(
    "disconnect",
    () => !control.controller.proxies.get(first.uid).isConnected || null,
  );
  await control.apply(service("d"));
  const again = await join(control, "a-0", { folder: first.folder });
  await control.until("delta", () => again.snapshots.length >= 2);
  // The first is from disk; the second keeps the very objects that did not change.
  const [disk, newest] = [again.snapshots[0]!, again.latest!];
  expect([...disk.documents.keys()].sort()).toEqual([...kept.documents.keys()].sort());
  expect(newest.documents.get("proxy")).not.toBe(disk.documents.get("proxy"));
  for (const [key, document] of newest.documents) {
    if (key !== "proxy") expect(disk.documents.get(key)).toBe(document);
  }
});

test("a document that a proxy cannot act on is noted with its errors, the rest is acknowledged", async () => {
  const control = await plane();
  await control.apply(process("a", { calls: ["b"] }), service("b"));
  const refuse = () => [{ document: "service/default/b", errors: ["ports[0]: too odd"] }];
  const member = await join(control, "a-0", { refuse });
  await control.until("refusal", () => control.controller.proxies.get(member.uid).refused.size > 0);
  const { refused, acknowledged } = control.controller.proxies.get(member.uid);
  expect([...refused]).toEqual([["service/default/b", ["ports[0]: too odd"]]]);
  expect(acknowledged?.documents.has("service/default/b")).toBe(true);
});

test("after a restart of the control plane endpoints are what they were, before any proxy has spoken", async () => {
  const before = await plane();
  await before.apply(process("kvs"), service("kvs"), process("v", { calls: ["kvs"] }));
  before.setReady("kvs-0", true);
  const kvs = await join(before, "kvs-0");
  const caller = await join(before, "v-0");
  await before.until("ready", () => caller.endpoints("kvs")?.["kvs-0"] === "ready");
  const status = () => before.controller.objects.workloads.get("default/kvs-0")?.status?.inbound;
  await before.until("written down", status);
  const { store, authority } = before;
  await before.close();
  await kvs.membership.close();
  await caller.membership.close();

  const after = await Plane.open({ store, authority, ready: ["kvs-0"] });
  open.push(after);
  const again = await join(after, "v-0", { folder: caller.folder });
  await after.until("connected", () => again.membership.isConnected);
  const seen = () => again.snapshots.map((_, index) => again.endpointsAt(index, "kvs"));
  await after.until(
    "newest",
    () => again.latest?.endpointsVersion === after.controller.version.endpointsVersion,
  );
  expect(seen().every((endpoints) => endpoints?.["kvs-0"] === "ready")).toBe(true);
});
