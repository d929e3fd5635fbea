import { diffSnapshots } from "@heddle/mesh/snapshot/diff.ts";
import { Digester } from "@heddle/mesh/snapshot/digest.ts";
import type { Snapshot } from "@heddle/mesh/snapshot/snapshot.ts";
import { expect, test, vi } from "vitest";
import { Bench, process, service } from "./testing/bench.fixture.ts";

/** A mesh of so many services, one process each; all of them call `changing`. */
async function meshOf(services: number): Promise<Bench> {
  const bench = new Bench();
  await bench.open();
  for (const name of ["changing", ...Array.from({ length: services }, (_, at) => `s${at}`)]) {
    await bench.put("processes.heddle.dev", process(name, 1, ["changing"]));
    await bench.put("services", service(name, name));
    bench.ready.add(`${name}-0`);
  }
  await settle(bench);
  return bench;
}

async function settle(bench: Bench): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    bench.report();
    await bench.settle();
    bench.acknowledgeAll();
    await bench.settle();
  }
}

function snapshots(bench: Bench): ReadonlyMap<string, Snapshot> {
  const { views } = bench.controller!;
  return new Map([...views.keys()].map((uid) => [uid, bench.controller!.snapshotFor(uid)!]));
}

/** One endpoint goes away. Octets of each proxy's delta, and how much was done again for it. */
async function change(services: number) {
  const bench = await meshOf(services);
  const before = snapshots(bench);
  const { desired } = bench;
  const setSockets = vi.spyOn(bench.controller!.index, "setSockets");
  bench.ready.delete("changing-0");
  bench.controller!.observe(bench.observed());
  await bench.settle();
  const digester = new Digester();
  const deltas = [...snapshots(bench)].map(([uid, after]) =>
    diffSnapshots(before.get(uid)!, after, digester),
  );
  const made = [...snapshots(bench)].flatMap(([uid, { documents }]) =>
    [...documents].filter(([key, document]) => before.get(uid)!.documents.get(key) !== document),
  );
  bench.controller!.close();
  return {
    octets: new Set(deltas.map((delta) => JSON.stringify(delta.changed).length)),
    changed: new Set(deltas.flatMap((delta) => delta.changed.map(({ kind }) => kind))),
    isDesiredSame: bench.desired === desired,
    socketsSet: setSockets.mock.calls.length,
    made: new Set(made.map(([, document]) => document)).size,
    proxies: deltas.length,
  };
}

test("one endpoint's change makes one document anew, and sends it alone, however large the mesh is", async () => {
  const [small, large] = [await change(3), await change(30)];
  expect(small).toMatchObject({ proxies: 4, changed: new Set(["endpoints"]), made: 1 });
  expect(large).toEqual({ ...small, proxies: 31 });
  expect(large).toMatchObject({ isDesiredSame: true, socketsSet: 0 });
  expect(large.octets.size).toBe(1);
});

test("after many changes, asked for or not, a proxy's documents are those that the compiler has", async () => {
  const bench = await meshOf(3);
  const { index, views } = bench.controller!;
  const uids = [...views.keys()];
  for (let change = 0; change < 160; change++) {
    const name = `${["changing", "s0", "s1"][change % 3]}-0`;
    if (!bench.ready.delete(name)) bench.ready.add(name);
    bench.controller!.observe(bench.observed());
    await bench.settle();
    // Each is asked for in its own time, the last never before the end.
    for (const [at, uid] of uids.entries()) {
      if (at < uids.length - 1 && change % (at * 9 + 1) === 0) bench.controller!.snapshotFor(uid);
    }
  }
  let endpoints = 0;
  for (const { documents } of snapshots(bench).values()) {
    for (const [key, document] of documents) {
      if (!key.startsWith("endpoints/")) continue;
      expect(document).toBe(index.outputs.endpoints.get(key.slice("endpoints/".length)));
      endpoints++;
    }
  }
  expect(endpoints).toBeGreaterThan(uids.length);
  bench.controller!.close();
});
