import type { EndpointsDoc } from "@heddle/mesh/model/document.ts";
import { expect, test } from "vitest";
import { Bench, process, service } from "./testing/bench.fixture.ts";

const names = ["kvs-0", "kvs-1", "kvs-2"];

/** Three ready workloads behind a Service, which a fourth calls. */
async function serving(): Promise<Bench> {
  const bench = new Bench();
  const controller = await bench.open();
  await bench.put("processes.heddle.dev", process("kvs", 3));
  await bench.put("processes.heddle.dev", process("caller", 1, ["kvs"]));
  await bench.put("services", service("kvs", "kvs"));
  await bench.settle();
  for (const uid of controller.views.keys()) controller.setConnected(uid, true);
  bench.acknowledgeAll();
  for (const name of [...names, "caller-0"]) bench.ready.add(name);
  bench.report();
  await bench.settle();
  bench.acknowledgeAll();
  await bench.settle();
  return bench;
}

/** What callers are told of the workloads of kvs. */
function told(bench: Bench): Readonly<Record<string, string>> {
  const documents = bench.documents()["caller-0"] as Readonly<Record<string, unknown>>;
  const { endpoints } = documents["endpoints/default/kvs"] as EndpointsDoc;
  return Object.fromEntries(endpoints.map(({ workload, state }) => [workload, state.phase]));
}

function change(bench: Bench, command: string): Promise<void> {
  return bench.put("processes.heddle.dev", process("kvs", 3, [], command));
}

/** Steps until nothing more happens without an acknowledgement, and at most to the end of `ms`. */
async function within(bench: Bench, ms: number): Promise<void> {
  const end = bench.clock.monotonicMs() + ms;
  let isReached = false;
  bench.clock.after(ms, () => {
    isReached = true;
  });
  while (!isReached && bench.clock.monotonicMs() <= end) {
    bench.clock.step();
    for (let turn = 0; turn < 20; turn++) await null;
  }
}

test("a changed command restarts one at a time, each after its callers know", async () => {
  const bench = await serving();
  expect(told(bench)).toEqual({ "kvs-0": "ready", "kvs-1": "ready", "kvs-2": "ready" });
  await change(bench, "y");
  await within(bench, 100);
  expect(bench.restarted).toEqual([]);
  expect(told(bench)).toEqual({ "kvs-0": "draining", "kvs-1": "ready", "kvs-2": "ready" });
  for (const done of [1, 2, 3]) {
    bench.acknowledgeAll();
    await within(bench, 100);
    expect(bench.restarted).toEqual(names.slice(0, done));
    const draining = Object.values(told(bench)).filter((phase) => phase !== "ready");
    expect(draining).toEqual(done === 3 ? [] : ["draining"]);
  }
});

test("callers that do not acknowledge are waited for two seconds each", async () => {
  const bench = await serving();
  await change(bench, "y");
  await within(bench, 1_900);
  expect(bench.restarted).toEqual([]);
  await within(bench, 200);
  expect(bench.restarted).toEqual(["kvs-0"]);
  await within(bench, 4_000);
  expect(bench.restarted).toEqual(names);
});

test("where the new command does not become ready the others run on, and the Process says so", async () => {
  const bench = await serving();
  bench.broken.add("kvs-0");
  await change(bench, "broken");
  await within(bench, 59_000);
  const rollout = () => bench.controller!.rolloutOf("default/kvs");
  expect(bench.restarted).toEqual(["kvs-0"]);
  expect(told(bench)).toEqual({ "kvs-0": "away", "kvs-1": "ready", "kvs-2": "ready" });
  expect(rollout()).toMatchObject({ pending: names, isStuck: false });
  await within(bench, 4_000);
  expect(rollout()).toMatchObject({ pending: names, isStuck: true });

  // What does not serve may restart at once, so that a better command gets through.
  bench.broken.clear();
  await change(bench, "better");
  await within(bench, 2_100);
  expect(bench.restarted).toEqual(["kvs-0", "kvs-0"]);
  bench.ready.add("kvs-0");
  bench.report();
  await within(bench, 5_000);
  expect(bench.restarted).toEqual(["kvs-0", ...names]);
  expect(rollout()).toBeNull();
});

test("a control plane that starts again goes on where the supervisor is", async () => {
  const bench = await serving();
  bench.broken.add("kvs-0");
  await change(bench, "y");
  await within(bench, 3_000);
  bench.controller!.close();
  await bench.open();
  bench.report();
  await within(bench, 10_000);
  expect(bench.restarted).toEqual(["kvs-0"]); // it still is not ready
  bench.ready.add("kvs-0");
  bench.report();
  await within(bench, 5_000);
  expect(bench.restarted).toEqual(names);
});

test("what does not serve comes first, and the others once it does", async () => {
  const bench = await serving();
  bench.ready.delete("kvs-2");
  bench.report();
  await within(bench, 100);
  await change(bench, "y");
  await within(bench, 10_000);
  expect(bench.restarted).toEqual(["kvs-2"]);
  bench.ready.add("kvs-2");
  bench.report();
  await within(bench, 5_000);
  expect(bench.restarted).toEqual(["kvs-2", "kvs-0", "kvs-1"]);
});
