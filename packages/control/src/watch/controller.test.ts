import { type Rng, SeededRng } from "@heddle/mesh/base/rng.ts";
import type { ProxyDoc } from "@heddle/mesh/model/document.ts";
import { expect, test } from "vitest";
import { Bench, placement, process, route, service } from "./testing/bench.fixture.ts";

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "whatever happened, a controller that starts from nothing comes to the same documents (seed %i)",
  async (seed) => {
    const bench = new Bench();
    await bench.open();
    const rng = new SeededRng(seed);
    for (let step = 0; step < 60; step++) {
      await act(bench, rng);
      if (rng.below(3) > 0) await bench.settle();
      if (rng.below(3) > 0) bench.acknowledgeAll();
    }
    await bench.settle();
    bench.acknowledgeAll();
    await bench.settle();

    const fresh = new Bench(bench.store);
    for (const name of bench.ready) fresh.ready.add(name);
    await fresh.open();
    fresh.acknowledgeAll();
    await fresh.settle();
    // What was an endpoint once stays one when it is not ready; a fresh one has not seen it ready.
    expect(withoutAway(fresh.documents())).toEqual(withoutAway(bench.documents()));
    expect(fresh.desired).toEqual(bench.desired);
  },
);

test("nothing is desired twice: a controller that starts again asks for what runs", async () => {
  const bench = new Bench();
  await bench.open();
  await bench.put("processes.heddle.dev", process("kvs", 3));
  await bench.put("services", service("kvs", "kvs"));
  await bench.settle();
  const { desired } = bench;
  bench.controller!.close();
  const again = new Bench(bench.store);
  await again.open();
  expect(again.desired).toEqual(desired);
  expect(desired.workloads.map(({ name }) => name)).toEqual(["kvs-0", "kvs-1", "kvs-2"]);
});

test("another service account is another workload", async () => {
  const bench = new Bench();
  await bench.open();
  await bench.put("processes.heddle.dev", process("kvs", 1));
  await bench.settle();
  const before = [...bench.controller!.views.keys()];
  const changed = process("kvs", 1);
  const spec = { ...(changed.spec as object), serviceAccountName: "other" };
  await bench.put("processes.heddle.dev", { ...changed, spec });
  await bench.settle();
  const after = [...bench.controller!.views.values()];
  expect(after.map(({ name, identity }) => [name, identity])).toEqual([
    ["kvs-0", "spiffe://heddle.local/ns/default/sa/other"],
  ]);
  expect(before).not.toContain(after[0]!.uid);
});

test("a proxy's document tells every visible service, its other documents only what it needs", async () => {
  const bench = new Bench();
  await bench.open();
  for (const name of ["a", "b", "c"]) {
    await bench.put("processes.heddle.dev", process(name, 1, name === "a" ? ["b"] : []));
    await bench.put("services", service(name, name));
  }
  await bench.put("httproutes.gateway.networking.k8s.io", route("b", "b", "c"));
  await bench.settle();
  const documents = bench.documents()["a-0"] as Readonly<Record<string, unknown>>;
  const outbound = (documents["proxy"] as ProxyDoc).outbound.map((one) => one.service);
  expect(outbound).toEqual(["default/a", "default/b", "default/c"]);
  // Its own, the one it calls, and where the route of that one leads.
  const services = Object.keys(documents).filter((key) => key.startsWith("service/"));
  expect(services.sort()).toEqual(["service/default/a", "service/default/b", "service/default/c"]);
  const of = (name: string) => Object.keys(bench.documents()[name] as object).sort();
  expect(of("c-0")).toEqual(["endpoints/default/c", "proxy", "service/default/c"]);
});

async function act(bench: Bench, rng: Rng): Promise<void> {
  const name = ["a", "b", "c"][rng.below(3)]!;
  const other = ["a", "b", "c", "d"][rng.below(4)]!;
  switch (rng.below(8)) {
    case 0:
    case 1:
      return bench.put("processes.heddle.dev", process(name, rng.below(4), [other]));
    case 2:
      return bench.put("services", service(name, other));
    case 3:
      return bench.remove("services", name);
    case 4:
      return bench.put("placements.heddle.dev", placement(name, other, 4 + rng.below(3)));
    case 5:
      return bench.remove("placements.heddle.dev", name);
    case 6:
      return bench.put("httproutes.gateway.networking.k8s.io", route(name, name, other));
    default: {
      const workload = `${name}-${rng.below(3)}`;
      if (rng.below(3) === 0) bench.ready.delete(workload);
      else bench.ready.add(workload);
      bench.report();
    }
  }
}

function withoutAway(documents: unknown): unknown {
  return JSON.parse(JSON.stringify(documents), (key, value) =>
    key === "endpoints" && Array.isArray(value)
      ? value.filter(({ state }) => state.phase !== "away")
      : value,
  );
}
