import type { Constraint } from "@heddle/mesh/model/constraint.ts";
import { expect, test } from "vitest";
import { constraintsOf } from "./constraints.ts";
import { Bench, placement, process, route, service } from "./testing/bench.fixture.ts";

/** What is compiled for the workload of this name. */
async function constraints(bench: Bench, name: string): Promise<readonly Constraint[]> {
  await bench.settle();
  bench.acknowledgeAll();
  await bench.settle();
  const controller = bench.controller!;
  const view = [...controller.views.values()].find((one) => one.name === name)!;
  controller.want(view.uid, ["default/kvs"]);
  const { documents } = controller.snapshotFor(view.uid)!;
  return constraintsOf(documents.values(), `Process/default/${name.replace(/-\d+$/, "")}`);
}

async function meshWith(...more: Parameters<Bench["put"]>[]): Promise<Bench> {
  const bench = new Bench();
  await bench.open();
  bench.ready.add("kvs-0").add("kvs-1").add("kvs-2");
  await bench.put("processes.heddle.dev", process("kvs", 3));
  await bench.put("processes.heddle.dev", process("visitor", 1));
  await bench.put("services", service("kvs", "kvs"));
  for (const one of more) await bench.put(...one);
  return bench;
}

const placed = placement("by-key", "kvs", 1024);
const key = { pathSegment: 1, type: "integer" };
const byKey = {
  ...placed,
  spec: { ...(placed.spec as object), key },
};

const ofKind = (all: readonly Constraint[], kind: Constraint["kind"]) =>
  all.filter((one) => one.kind === kind).map(({ statement }) => statement);

test("a process is told where it receives, from whom, and which slots it keeps", async () => {
  const bench = await meshWith(["placements.heddle.dev", byKey]);
  const all = await constraints(bench, "kvs-0");
  const own = all.filter(({ statement }) => !/^(sent|each|adds)/.test(statement));
  expect(own.map(({ kind, from }) => [kind, from])).toEqual([
    ["addressing", "Service/default/kvs"],
    ["access", "Process/default/kvs"],
    ["placement", "Placement/default/by-key"],
  ]);
  expect(own.map(({ statement }) => statement.replace(/:\d{4,5}/, ":PORT"))).toEqual([
    "received at 127.0.0.1:PORT only, as kvs-0",
    "received over mutual TLS only, from identities of spiffe://heddle.local; is itself spiffe://heddle.local/ns/default/sa/kvs",
    expect.stringMatching(
      /^keeps \d+ of \d+ slots of key path segment 1: [\d, -]+( and \d+ more)?$/,
    ),
  ]);
});

test("what a caller is told names every process, its address, its identity and its share of slots", async () => {
  const bench = await meshWith(["placements.heddle.dev", byKey]);
  const all = await constraints(bench, "visitor-0");
  expect(ofKind(all, "addressing")[0]).toMatch(
    /^sent to kvs-0 at 127\.0\.0\.1:\d+, kvs-1 at 127\.0\.0\.1:\d+, kvs-2 at 127\.0\.0\.1:\d+$/,
  );
  expect(ofKind(all, "access")).toEqual([
    "sent over mutual TLS only; kvs-0, kvs-1, kvs-2 must prove to be spiffe://heddle.local/ns/default/sa/kvs",
  ]);
  expect(ofKind(all, "placement")[0]).toMatch(
    /^each key of path segment 1 sent to who keeps its slot: kvs-0 \d+, kvs-1 \d+, kvs-2 \d+ of \d+$/,
  );
  expect(new Set(all.map(({ workload }) => workload))).toEqual(new Set(["default/visitor-0"]));
});

test("splits and time limits come from their rule", async () => {
  const split = route("split", "kvs", "kvs");
  const spec = {
    ...(split.spec as object),
    rules: [
      {
        matches: [{ path: { type: "PathPrefix", value: "/" } }],
        timeouts: { request: "250ms" },
        backendRefs: [
          { name: "kvs", port: 80, weight: 9 },
          { name: "gone", port: 80, weight: 1 },
        ],
      },
    ],
  };
  const bench = await meshWith(["httproutes.gateway.networking.k8s.io", { ...split, spec }]);
  const all = await constraints(bench, "visitor-0");
  expect(ofKind(all, "split")).toEqual([
    "9 of 10 to default/kvs:80, 1 of 10 to nobody, which fails",
  ]);
  expect(all.find(({ kind }) => kind === "timeout")).toMatchObject({
    statement: "over after 250 ms, attempts included",
    errorBound: "+250 ms",
    from: "HTTPRoute/default/split#0",
  });
});

test("without documents there is nothing to tell", () => {
  expect(constraintsOf([], "Process/default/kvs")).toEqual([]);
});
