import { Histogram } from "@heddle/mesh/base/histogram.ts";
import { silentLog } from "@heddle/mesh/base/log.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import type { HttpRoute } from "@heddle/mesh/resource/gateway-api/httproute.ts";
import type { Rollout } from "@heddle/mesh/resource/heddle/rollout.ts";
import { rolloutKind } from "@heddle/mesh/resource/heddle/rollout.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import type { SummaryBody, SummaryRow } from "@heddle/mesh/telemetry/summary.ts";
import { expect, test } from "vitest";
import { Resources } from "../api/resources.ts";
import { IntentLog } from "../revision/intent-log.ts";
import { Events } from "../status/events.ts";
import { collectionOf } from "../store/collection.ts";
import { MemoryStore } from "../store/memory.ts";
import { service } from "../watch/testing/bench.fixture.ts";
import { Rollouts } from "./rollouts.ts";

const rolloutsOf = collectionOf(rolloutKind);
const routesOf = "httproutes.gateway.networking.k8s.io";

/** A store, and Rollouts over it; a proxy that counts what is told. */
class Plane {
  readonly clock = new VirtualClock();
  readonly store: MemoryStore;
  readonly counts = { success: 0, failure: 0 };
  readonly latency = new Histogram();
  /** By which rule the canary is asked. */
  route = "HTTPRoute/default/split#0";
  rollouts!: Rollouts;
  intent!: IntentLog;
  #events!: Events;

  constructor(store = new MemoryStore("epoch")) {
    this.store = store;
  }

  async open(): Promise<this> {
    const { store, clock } = this;
    const isIntent = (name: string) => name === routesOf || name === rolloutsOf;
    this.intent = await IntentLog.open(store, clock, isIntent);
    let uids = 0;
    const newUid = () => `uid-${uids++}`;
    const resources = new Resources({ store, intent: this.intent, clock, newUid });
    this.#events = new Events({ store, clock, log: silentLog, newUid });
    this.rollouts = new Rollouts({
      store,
      intent: this.intent,
      events: this.#events,
      clock,
      log: silentLog,
      summaries: () => [["visitor-0", this.#summary()]],
      prepare: (kind, resource, stored) => resources.prepare(kind, resource, stored),
    });
    return this;
  }

  close(): void {
    this.rollouts.close();
    this.#events.close();
  }

  /** The canary answers so many requests in each of the seconds. */
  async pass(
    seconds: number,
    perSecond: { success?: number; failure?: number } = {},
  ): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      this.counts.success += perSecond.success ?? 0;
      this.counts.failure += perSecond.failure ?? 0;
      for (let one = 0; one < (perSecond.success ?? 0); one++) this.latency.record(5_000);
      this.clock.advance(1_000);
      for (let turn = 0; turn < 60; turn++) await null;
    }
  }

  async put(collection: string, object: Resource): Promise<void> {
    const key = { collection, namespace: "default", name: object.metadata.name };
    const stored = await this.store.get(key);
    const op = stored === null ? "create" : "update";
    const metadata = { uid: `of-${object.metadata.name}`, generation: 1, ...object.metadata };
    await this.intent.commit([{ op, key, object: { ...object, metadata }, expect: null }], {
      author: "dana",
      cause: "test",
    });
  }

  async rollout(name = "r"): Promise<Rollout> {
    return (await this.store.get({
      collection: rolloutsOf,
      namespace: "default",
      name,
    })) as Rollout;
  }

  async weights(route = "split"): Promise<readonly number[]> {
    const key = { collection: routesOf, namespace: "default", name: route };
    const found = (await this.store.get(key)) as HttpRoute | null;
    return (found?.spec.rules?.[0]?.backendRefs ?? []).map(({ weight }) => weight!);
  }

  async events(): Promise<readonly string[]> {
    const { items } = await this.store.list("events", null);
    return items.map((one) => (one as unknown as { reason: string }).reason);
  }

  #summary(): SummaryBody {
    const row: SummaryRow = {
      direction: "outbound",
      service: "default/rec",
      port: 80,
      backend: "default/v2",
      backendPort: 80,
      peer: null,
      endpoint: "v2-0",
      route: this.route,
      tls: true,
      protocol: "http/1.1",
      ...this.counts,
      cancelled: 0,
      failures: {},
      byProxy: 0,
      requestBytes: 0,
      replyBytes: 0,
      latency: [...this.latency.toPairs()],
      latencySumUs: 0,
    };
    const other = { ...row, backend: "default/v1", failure: 1_000_000 };
    return { life: "1", uptimeMs: 1_000_000, rows: [row, other], connections: [] };
  }
}

const split = (stable = 100, canary = 0): Resource => ({
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "HTTPRoute",
  metadata: { name: "split", namespace: "default" },
  spec: {
    parentRefs: [{ group: "", kind: "Service", name: "rec" }],
    rules: [
      {
        backendRefs: [
          { name: "v1", port: 80, weight: stable },
          { name: "v2", port: 80, weight: canary },
        ],
      },
    ],
  },
});

const rollout = (more: object = {}): Resource => ({
  apiVersion: "heddle.dev/v1alpha1",
  kind: "Rollout",
  metadata: { name: "r", namespace: "default" },
  spec: {
    targetRef: { kind: "HTTPRoute", name: "split" },
    stable: "v1",
    canary: "v2",
    steps: [
      { weight: 10, pause: "10s" },
      { weight: 50, pause: "10s" },
    ],
    thresholds: { minSuccess: "99%", minRequests: 20 },
    ...more,
  },
});

async function started(more: object = {}): Promise<Plane> {
  const plane = await new Plane().open();
  await plane.put(routesOf, split());
  await plane.put(rolloutsOf, rollout(more));
  await plane.pass(1);
  return plane;
}

test("a canary that is well gets more, and in the end everything; each step is a revision of its own", async () => {
  const plane = await started();
  expect(await plane.weights()).toEqual([90, 10]);
  await plane.pass(11, { success: 10 });
  expect(await plane.weights()).toEqual([50, 50]);
  await plane.pass(11, { success: 10 });
  expect(await plane.weights()).toEqual([0, 100]);
  const { status } = await plane.rollout();
  expect(status).toMatchObject({ phase: "Promoted", weight: 100, success: "100.00%" });
  const revisions = (await plane.intent.list()).map(({ cause, author }) => `${author}: ${cause}`);
  expect(revisions.slice(0, 3)).toEqual([
    "heddle: Rollout/r: promoted, 100% to v2",
    "heddle: Rollout/r: step 2 of 2, 50%",
    "heddle: Rollout/r: step 1 of 2, 10%",
  ]);
  expect(await plane.events()).toEqual(expect.arrayContaining(["Stepped", "Promoted"]));
  plane.close();
});

test("a canary that fails loses all of it again, within the second in which that is known", async () => {
  const plane = await started();
  await plane.pass(11, { success: 10 });
  expect(await plane.weights()).toEqual([50, 50]);
  await plane.pass(2, { success: 9, failure: 1 });
  expect(await plane.weights()).toEqual([100, 0]);
  const { status } = await plane.rollout();
  expect(status).toMatchObject({ phase: "RolledBack", weight: 0, success: "95.00%" });
  expect(status!.conditions!.find(({ type }) => type === "Progressing")).toMatchObject({
    status: "False",
    reason: "RolledBack",
    message: "v2 in step 2 of 2 (50%): success 95.00% of 20 requests, below 99.00%. Back to 100:0.",
  });
  expect(await plane.events()).toContain("RolledBack");
  await plane.pass(30, { success: 10 });
  expect(await plane.weights()).toEqual([100, 0]);
  plane.close();
});

test("failures of the stable one, or by another rule, are not the canary's", async () => {
  const plane = await started();
  plane.route = "HTTPRoute/default/other#0";
  await plane.pass(5, { failure: 10 });
  expect((await plane.rollout()).status).toMatchObject({ phase: "Progressing", requests: 0 });
  plane.close();
});

test("a control plane that comes back goes on: same step, its pause by the wall, figures from then on", async () => {
  const before = await started();
  await before.pass(5, { success: 10 });
  before.close();
  const after = await new Plane(before.store).open();
  after.clock.advance(6_000 + before.clock.wallMs() - after.clock.wallMs());
  await after.pass(1);
  expect(await after.weights()).toEqual([90, 10]); // its pause is over, and nothing is known of the canary
  await after.pass(3, { success: 10 });
  expect(await after.weights()).toEqual([50, 50]);
  after.close();
});

test("a person's change of the split stands", async () => {
  const plane = await started();
  await plane.put(routesOf, split(60, 40));
  await plane.pass(30, { failure: 10 });
  expect(await plane.weights()).toEqual([60, 40]);
  expect((await plane.rollout()).status).toMatchObject({ phase: "Paused", weight: 40 });
  expect(await plane.events()).toContain("SplitChanged");
  plane.close();
});

test("of two on one split the older steps it; the other begins once that is over", async () => {
  const plane = await started();
  const later = { name: "a", namespace: "default", creationTimestamp: "2026-01-02T00:00:00Z" };
  const steps = [{ weight: 0, pause: "10s" }];
  await plane.put(rolloutsOf, { ...rollout({ steps }), metadata: later });
  await plane.pass(5);
  expect((await plane.rollout("a")).status).toMatchObject({
    phase: "Pending",
    conditions: [{ type: "Accepted", status: "False", reason: "Conflicted" }, {}],
  });
  await plane.pass(30, { success: 10 });
  expect((await plane.rollout()).status).toMatchObject({ phase: "Promoted" });
  expect(await plane.events()).not.toContain("SplitChanged");
  expect((await plane.rollout("a")).status).toMatchObject({ startedFrom: { canary: 100 } });
  plane.close();
});

test("for a Service it makes the route itself, and says so where the name is taken", async () => {
  const plane = await new Plane().open();
  for (const name of ["rec", "v1", "v2"]) await plane.put("services", service(name, name));
  await plane.put(rolloutsOf, rollout({ targetRef: { kind: "Service", name: "rec" } }));
  plane.route = "HTTPRoute/default/r#0";
  await plane.pass(2);
  expect(await plane.weights("r")).toEqual([90, 10]);
  await plane.pass(2, { failure: 10 });
  expect(await plane.weights("r")).toEqual([100, 0]);
  plane.close();

  const taken = await new Plane().open();
  await taken.put(routesOf, { ...split(), metadata: { name: "r", namespace: "default" } });
  await taken.put(rolloutsOf, rollout({ targetRef: { kind: "Service", name: "rec" } }));
  await taken.pass(2);
  expect((await taken.rollout()).status).toMatchObject({ phase: "Pending" });
  expect(await taken.weights("r")).toEqual([100, 0]);
  taken.close();
});

test.each([
  ["no such route", { targetRef: { kind: "HTTPRoute", name: "gone" } }, "TargetNotFound"],
  [
    "a rule that is not there",
    { targetRef: { kind: "HTTPRoute", name: "split", sectionName: "x" } },
    "TargetNotFound",
  ],
  ["a backend that is not there", { canary: "v3" }, "TargetNotFound"],
])("%s: it waits, and says what for", async (_, more, reason) => {
  const plane = await started(more);
  const { status } = await plane.rollout();
  expect(status).toMatchObject({ phase: "Pending" });
  expect(status!.conditions!.find(({ type }) => type === "Accepted")).toMatchObject({
    status: "False",
    reason,
  });
  expect(await plane.weights()).toEqual([100, 0]);
  plane.close();
});
