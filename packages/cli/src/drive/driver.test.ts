import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { checkContract } from "@heddle/mesh/contract/check-contract.ts";
import { counter } from "@heddle/mesh/contract/definition/counter.ts";
import { kvs } from "@heddle/mesh/contract/definition/kvs.ts";
import { lock } from "@heddle/mesh/contract/definition/lock.ts";
import { recommendation } from "@heddle/mesh/contract/definition/recommendation.ts";
import { register } from "@heddle/mesh/contract/definition/register.ts";
import type { Definition } from "@heddle/mesh/contract/definition.ts";
import { sequentialModel } from "@heddle/mesh/contract/model.ts";
import { compileContractReader } from "@heddle/mesh/contract/reader.ts";
import type { ContractDoc } from "@heddle/mesh/model/document.ts";
import { PlainRequestHead } from "@heddle/mesh/net/plain-head.ts";
import { type LinkFaults, rough } from "@heddle/mesh/net/simulated/faults.ts";
import { SimulatedNetwork } from "@heddle/mesh/net/simulated/network.ts";
import { describe, expect, test } from "vitest";
import { KvsProcess, kvsService } from "../../../mesh/test/net/recorder-rig.ts";
import { type DrivenOperation, Driver } from "./driver.ts";
import { DrivePlan } from "./plan.ts";
import { requestOf } from "./request.ts";

interface Drive {
  readonly seed: number;
  readonly operations?: number;
  readonly forMs?: number;
  readonly faults?: Partial<LinkFaults>;
  /** Keys were written before. */
  readonly before?: readonly (readonly [path: string, value: string])[];
  readonly stopAfterMs?: number;
  /** The process loses what it keeps. */
  readonly forgetAfterMs?: number;
}

/** What the drive comes to, by the same checker as on a real mesh. */
const judge = (driven: readonly DrivenOperation[]) =>
  checkContract({
    contract: "kvs",
    service: "kvs",
    consistency: "linearizable",
    operations: driven.map(({ operation }) => operation),
    model: sequentialModel(kvs, { key: "k", hashes: null }),
    initialOf: () => ({ kind: "empty" }),
    clock: new VirtualClock(),
  });

/** Drives a key-value process over the simulated network. */
async function drive(options: Drive): Promise<readonly DrivenOperation[]> {
  const clock = new VirtualClock();
  const network = new SimulatedNetwork({ clock, rng: new SeededRng(99) });
  network.setFaults(options.faults ?? {});
  const process = new KvsProcess(clock, options.before);
  const address = await process.listen(network.process("kvs-0").transport);
  const rng = new SeededRng(options.seed);
  const driver = new Driver({
    clock,
    transport: network.process("verify").transport,
    plan: new DrivePlan({ definition: kvs, key: "k", rng, callers: 4, keys: 10 }),
    callers: 4,
    address,
    authority: "kvs",
    service: kvsService,
    name: "verify",
    operations: options.operations ?? 400,
    forMs: options.forMs ?? null,
  });
  if (options.forgetAfterMs !== undefined)
    clock.after(options.forgetAfterMs, () => process.forget());
  if (options.stopAfterMs !== undefined) clock.after(options.stopAfterMs, () => driver.stop());
  let isOver = false;
  void driver.run().then(() => {
    isOver = true;
  });
  do
    await new Promise(setImmediate); // all promises are settled before time goes on
  while (!isOver && clock.step());
  expect(isOver).toBe(true);
  return driver.driven;
}

/** What each caller asked, in its own order. */
const asked = (driven: readonly DrivenOperation[]) =>
  driven
    .map(({ operation }) => operation)
    .sort((a, b) => a.caller.localeCompare(b.caller) || a.seq - b.seq)
    .map(({ caller, seq, name, args }) => `${caller} ${seq} ${name} ${args.join(" ")}`);

test("one seed asks the same, however slow the answers are; another asks something else", async () => {
  const calm = asked(await drive({ seed: 7 }));
  expect(calm.length).toBe(400);
  expect(calm.slice(0, 4)).toEqual([
    "verify/0 1 get 2000001",
    "verify/0 2 get 2000005",
    "verify/0 3 get 2000009",
    expect.stringMatching(/^verify\/0 4 (get|put) 20000/),
  ]);
  expect(asked(await drive({ seed: 7, faults: rough }))).toEqual(calm);
  expect(asked(await drive({ seed: 8 }))).not.toEqual(calm);
});

test("each caller is an endpoint of its own, with one operation at a time", async () => {
  const driven = await drive({ seed: 1 });
  const byCaller = Map.groupBy(driven, ({ operation }) => operation.caller);
  expect([...byCaller.keys()].sort()).toEqual(["verify/0", "verify/1", "verify/2", "verify/3"]);
  for (const operations of byCaller.values()) {
    const connections = operations.map(({ exchange }) => exchange!.replace(/\.\d+$/, ""));
    expect(new Set(connections).size).toBe(1);
    expect(operations.map(({ exchange }) => Number(/\d+$/.exec(exchange!)![0]))).toEqual(
      operations.map((_, at) => at + 1),
    );
    for (const [at, { operation }] of operations.entries()) {
      expect(operation.isObserved).toBe(true);
      expect(operation.startMs).toBeGreaterThanOrEqual(operations[at - 1]?.operation.endMs ?? 0);
      expect(operation.endMs).toBeGreaterThan(operation.startMs);
    }
  }
});

test("no value is put twice, nor one that was there before", async () => {
  const driven = await drive({
    seed: 3,
    before: [
      ["/2000001", "v500"],
      ["/2000002", "other"],
    ],
  });
  const put = driven.filter(({ operation }) => operation.name === "put");
  const values = put.map(({ operation }) => String(operation.args[1]));
  expect(values.length).toBeGreaterThan(100);
  expect(new Set(values).size).toBe(values.length);
  expect(Math.min(...values.map((value) => Number(value.slice(1))))).toBeGreaterThan(500);
});

test("a request that gets no answer may have happened, now or ever after", async () => {
  const driven = await drive({ seed: 4, faults: { ...rough, reset: 0.02 } });
  const unknown = driven.filter(({ operation }) => operation.outcome.kind === "unknown");
  expect(unknown.length).toBeGreaterThan(3);
  for (const { operation } of unknown) expect(operation.endMs).toBe(Number.POSITIVE_INFINITY);
  expect(driven.length).toBe(400);
});

test("ends when it is told to, or its time is over, with what is under way finished", async () => {
  const stopped = await drive({ seed: 5, operations: 1_000_000, stopAfterMs: 500 });
  expect(stopped.length).toBeGreaterThan(50);
  expect(stopped.every(({ operation }) => operation.outcome.kind === "ok")).toBe(true);
  expect(Math.max(...stopped.map(({ operation }) => operation.startMs))).toBeLessThanOrEqual(500);
  const timed = await drive({ seed: 5, operations: 1_000_000, forMs: 300 });
  expect(Math.max(...timed.map(({ operation }) => operation.startMs))).toBeLessThan(300);
});

test("what callers saw of a process that keeps its promise holds, resets or not", async () => {
  expect(judge(await drive({ seed: 7 }))).toMatchObject({ verdict: "holds", operations: 400 });
  const reset = judge(await drive({ seed: 7, faults: { ...rough, reset: 0.02 } }));
  expect(reset).toMatchObject({ verdict: "holds", observed: 400, callers: 4 });
  expect(reset.unknown).toBeGreaterThan(0);
});

test("and of one that forgets does not, with the same counterexample for the same seed", async () => {
  const verdict = judge(await drive({ seed: 7, forgetAfterMs: 200 }));
  expect(verdict).toMatchObject({ verdict: "violated", counterexample: { expected: {} } });
  expect(verdict.counterexample!.operations.length).toBeLessThanOrEqual(2);
  expect(judge(await drive({ seed: 7, forgetAfterMs: 200 }))).toEqual(verdict);
});

test("gives up where nobody has answered for half a minute", async () => {
  const driven = await drive({ seed: 6, operations: 1_000_000, faults: { refuse: 1 } });
  expect(driven.every(({ operation }) => operation.outcome.kind === "absent")).toBe(true);
  const last = Math.max(...driven.map(({ operation }) => operation.startMs));
  expect(last).toBeGreaterThan(29_000);
  expect(last).toBeLessThan(31_000);
});

describe("requests are read as the operation that they were made of", () => {
  const cases: readonly (readonly [Definition, string | null])[] = [
    [kvs, "k"],
    [register, null],
    [counter, "k"],
    [lock, "k"],
    [recommendation, "id"],
  ];
  test.each(cases)("$0.name", (definition, key) => {
    const plan = new DrivePlan({ definition, key, rng: new SeededRng(1), callers: 2, keys: 5 });
    const reader = compileContractReader(docOf(definition, key));
    const seen = new Set<string>();
    const invocations = [
      ...plan.firstReads(0),
      ...Array.from({ length: 100 }, (_, at) => plan.next(at % 2)),
    ];
    for (const { operation, args, key: wanted } of invocations) {
      const { method, path, fields } = requestOf(operation, args);
      const head = new PlainRequestHead({ method, path, authority: "x" }, fields);
      expect(reader.read(head)).toMatchObject({ operation: { name: operation.name }, key: wanted });
      seen.add(operation.name);
    }
    expect([...seen].sort()).toEqual(definition.signatures.map(({ name }) => name).sort());
  });
});

test("who acquires is who releases: a parameter of several operations is the caller's name", () => {
  const plan = new DrivePlan({
    definition: lock,
    key: "k",
    rng: new SeededRng(1),
    callers: 2,
    keys: 5,
  });
  const owners = Array.from({ length: 50 }, () => plan.next(1).args[1]);
  expect(new Set(owners)).toEqual(new Set([undefined, "c1"]));
});

function docOf(definition: Definition, key: string | null): ContractDoc {
  const { operations } = definition;
  return { ...kvsService.contract!, name: "default/x", operations, key };
}
