import { kvs } from "@heddle/mesh/contract/definition/kvs.ts";
import type { Operation, Outcome, Value } from "@heddle/mesh/contract/operation.ts";
import type { Verdict } from "@heddle/mesh/contract/verdict.ts";
import { expect, test } from "vitest";
import { causesOf } from "./causes.ts";
import { buildStyle } from "./style.ts";
import { formatVerdict, type VerdictText } from "./verdict.ts";

const holds: Verdict = {
  verdict: "holds",
  contract: "kvs",
  service: "kvs",
  consistency: "linearizable",
  operations: 20_000,
  keys: 200,
  callers: 8,
  window: { fromWallMs: 0, toWallMs: 6400 },
  observed: 20_000,
  inferred: 0,
  unknown: 0,
  refused: 0,
  absent: 0,
  violatedKeys: [],
  undecidedKeys: [],
  assumptions: ["nobody else writes"],
};

interface Said {
  readonly name: string;
  readonly args: readonly Value[];
  readonly outcome: Outcome;
  readonly by: string | null;
  readonly caller?: string;
  readonly atMs: number;
}

const operation = ({ name, args, outcome, by, caller = "a", atMs }: Said): Operation => ({
  id: atMs,
  caller,
  key: String(args[0]),
  name,
  args,
  outcome,
  startMs: atMs,
  endMs: atMs + 5,
  seq: atMs,
  answeredBy: by,
  isObserved: true,
});
const ok = (result?: Value): Outcome => ({ kind: "ok", result });
const put: Said = {
  name: "put",
  args: [2_000_001, "v17"],
  outcome: ok(),
  by: "kvs-0",
  atMs: 10,
};
const get: Said = { name: "get", args: [2_000_001], outcome: ok(""), by: "kvs-2", atMs: 20 };

const violated = (some: readonly Said[], axiom: string | null): Verdict => ({
  ...holds,
  verdict: "violated",
  violatedKeys: Array.from({ length: 199 }, (_, at) => String(2_000_001 + at)),
  counterexample: {
    key: "2000001",
    caller: null,
    operations: some.map(operation),
    from: 31,
    expected: { operation: 20, value: "v17" },
    axiom,
  },
});

const say = (verdict: Verdict, change: Partial<VerdictText> = {}) =>
  formatVerdict(
    {
      verdict,
      definition: kvs,
      key: "k",
      when: "in 6.4 s",
      completeness: "every event recorded",
      causes: [],
      notes: [],
      saysAssumptions: false,
      ...change,
    },
    buildStyle(false),
  );

test("holds: the axioms, and what was checked", () => {
  expect(say(holds)).toBe(`\
Contract kvs on Service kvs, linearizable, key by key
 ✔ get (empty) k → ""     ✔ get (put (empty) k v) k → v     ✔ 2 of our extension
holds: 20,000 operations on 200 keys by 8 callers in 6.4 s; every event recorded, 0 may have happened, 0 refused
`);
});

test("violated: the axiom, the smallest history, who answered, and the cure", () => {
  const verdict = violated([put, get], "get (put (empty) k v) k → v");
  const answered = ["kvs-0", "kvs-1", "kvs-2"].map((by, at) =>
    operation({ ...put, by, atMs: 30 + at }),
  );
  const facts = { verdict, operations: answered, losses: [], key: "k", program: "heddle" };
  const causes = causesOf({ ...facts, isPlaced: false });
  expect(say(verdict, { causes })).toBe(`\
Contract kvs on Service kvs, linearizable, key by key
 ✘ get (put (empty) k v) k → v     key 2000001, the smallest history that breaks it, from 31 operations:
     [Send•Req=(kvs, Put(2000001,"v17")), Recv•Res=ok, Send•Req=(kvs, Get(2000001)), Recv•Res=""]     expected "v17"
     Put(2000001,"v17") was answered by kvs-0, Get(2000001) by kvs-2
violated: 199 of 200 keys. kvs keeps state by key, and 3 processes answer for each. A Placement cures it: heddle explain placement
`);
  // With a Placement there is none to be made.
  expect(causesOf({ ...facts, isPlaced: true })).toEqual([]);
});

test("operations that overlap stand in a line for each caller", () => {
  const late = { ...get, caller: "bb", atMs: 12 };
  const lines = say(violated([put, late], null)).split("\n");
  expect(lines[1]).toContain(
    "✘ no one order of the operations explains every answer     key 2000001",
  );
  expect(lines.slice(2, 4)).toEqual([
    '     a  [Send•Req=(kvs, Put(2000001,"v17")), Recv•Res=ok]',
    '     bb [Send•Req=(kvs, Get(2000001)), Recv•Res=""]',
  ]);
});

test("a refusal is a violation by itself, and says so", () => {
  const refused: Said = { ...put, outcome: { kind: "refused", status: 503 } };
  const verdict = violated([refused], null);
  const causes = causesOf({
    verdict,
    operations: [operation(refused)],
    losses: [],
    key: "k",
    isPlaced: true,
    program: "heddle",
  });
  const lines = say(verdict, { causes }).split("\n");
  expect(lines[1]).toContain("✘ put is refused, and is total     key 2000001");
  expect(lines[2]).toBe('     [Send•Req=(kvs, Put(2000001,"v17")), Recv•Res=503]');
  expect(lines[4]).toBe(
    "violated: 199 of 200 keys. kvs-0 refused 1 operation, and operations of a definition are total: there is no state in which one may be refused.",
  );
});

test("what a process took with it is named with its keys and the time, and that no mesh can save it", () => {
  const verdict = violated([put, get], null);
  const start = {
    workload: { uid: "u", name: "kvs-0", namespace: "default" },
    atMs: 15,
    boot: "b",
    wallMs: new Date(2026, 0, 1, 3, 12, 7).getTime(),
    restarts: 1,
  };
  const keys = verdict.violatedKeys;
  const causes = causesOf({
    verdict,
    operations: [operation(put), operation(get)],
    losses: [{ workload: "kvs-0", start, keys }],
    key: "k",
    isPlaced: true,
    program: "heddle",
  });
  expect(causes).toEqual([
    "kvs-0 was restarted at 03:12:07, and what only its process kept is gone: 199 keys (2000001, 2000002, 2000003, 2000004, 2000005, 2000006, 2000007, 2000008, 2000009, 2000010, …).",
    "No mesh can save what is nowhere else: that takes replication by kvs itself.",
  ]);
});

test("undecided says how much, and why", () => {
  const verdict: Verdict = {
    ...holds,
    verdict: "undecided",
    undecidedKeys: ["1", "2"],
    assumptions: ["2 keys undecided: the search came to its limit"],
    unknown: 7,
  };
  expect(say(verdict)).toBe(`\
Contract kvs on Service kvs, linearizable, key by key
undecided: 2 of 200 keys. 20,000 operations on 200 keys by 8 callers in 6.4 s; every event recorded, 7 may have happened, 0 refused
  assumed: 2 keys undecided: the search came to its limit
`);
});
