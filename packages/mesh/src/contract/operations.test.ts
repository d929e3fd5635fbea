import { describe, expect, test } from "vitest";
import { SeededRng } from "../base/rng.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import type { RecordedBatch, RecordedLine } from "../history/batch.ts";
import type { RecordedExchange } from "../history/exchange.ts";
import { checkContract } from "./check-contract.ts";
import { kvs } from "./definition/kvs.ts";
import { sequentialModel } from "./model.ts";
import { type AssembleOptions, assembleOperations } from "./operations.ts";
import { type Fate, kvsContract, makeRecord, type RecordShape } from "./recorded.fixture.ts";
import { ValueRecorder } from "./recorded-value.ts";

const allFates: readonly Fate[] = [
  ...Array.from({ length: 8 }, (): Fate => "answered"),
  "reply-lost",
  "request-lost",
  "never-sent",
  "denied-there",
  "second-try",
];
const whole: RecordShape = {
  exchanges: 120,
  keys: 3,
  lostThere: 0,
  lostHere: 0,
  stale: 0,
  fates: allFates,
};
const assemble = (lines: readonly RecordedLine[], edit: Partial<AssembleOptions> = {}) =>
  assembleOperations({
    lines,
    contract: kvsContract,
    service: "default/kvs",
    contractSinceWallMs: 0,
    ...edit,
  });
const hashes = new ValueRecorder(kvsContract);
const verdictOf = (lines: readonly RecordedLine[], edit: Partial<AssembleOptions> = {}) =>
  checkContract({
    ...assemble(lines, edit),
    contract: "kvs",
    service: "kvs",
    consistency: "linearizable",
    model: sequentialModel(kvs, { key: "k", hashes }),
    clock: new VirtualClock(),
  });
const seeds = Array.from({ length: 40 }, (_, seed) => seed);

describe("of any mix of records", () => {
  const shapes: readonly RecordShape[] = [
    whole,
    { ...whole, lostHere: 0.3 },
    { ...whole, lostThere: 0.2 },
    { ...whole, lostThere: 0.3, lostHere: 0.3 },
    { ...whole, exchanges: 400, lostThere: 0.1, lostHere: 0.1 },
    { ...whole, lostThere: 0.1, lostHere: 0.1, isUntold: true },
    { ...whole, lostThere: 0.3, lostHere: 0.3, isUntold: true },
  ];

  test("each exchange is one operation, and none is two", () => {
    for (const seed of seeds) {
      for (const shape of shapes) {
        const { lines, exchanges } = makeRecord(new SeededRng(seed), shape);
        const { operations } = assemble(lines);
        if (shape === whole) expect(operations.length).toBe(exchanges.length);
        const puts = operations.filter(({ name }) => name === "put").map(({ args }) => args[1]);
        expect(new Set(puts).size).toBe(puts.length);
        const made = Map.groupBy(exchanges, ({ name, key }) => `${name} ${key}`);
        for (const [what, own] of Map.groupBy(operations, ({ name, key }) => `${name} ${key}`)) {
          expect(own.length).toBeLessThanOrEqual(made.get(what)?.length ?? 0);
        }
      }
    }
  });

  test("a service that keeps its contract is never called wrong", () => {
    for (const seed of seeds) {
      for (const shape of shapes) {
        const { lines } = makeRecord(new SeededRng(seed), shape);
        expect(verdictOf(lines)).not.toHaveProperty("counterexample");
      }
    }
  });

  test("nor by a window that begins and ends in the middle of it", () => {
    for (let seed = 0; seed < 300; seed++) {
      const rng = new SeededRng(seed);
      const { lines } = makeRecord(rng, whole);
      const edit = {
        contractSinceWallMs: 1_001_000 + rng.below(900),
        untilMs: 1600 + rng.below(600),
      };
      expect(verdictOf(lines, edit)).not.toHaveProperty("counterexample");
    }
  });

  test("one that gives old values is found out, with every record and with those of its processes alone", () => {
    let found = 0;
    for (const seed of seeds) {
      const { lines } = makeRecord(new SeededRng(seed), { ...whole, stale: 0.2 });
      const there = lines.filter(
        (line) => !("batch" in line) || line.batch.workload.name.startsWith("kvs"),
      );
      if (verdictOf(lines).verdict === "violated") found++;
      expect(verdictOf(there).verdict).toBe("violated");
    }
    expect(found).toBeGreaterThan(35);
  });

  test("whose records are whole, all keys begin empty and nothing is undecided", () => {
    for (const seed of seeds) {
      const { lines } = makeRecord(new SeededRng(seed), whole);
      const { verdict, assumptions } = verdictOf(lines);
      expect(verdict).toBe("holds");
      expect(assumptions).toContain("each process was empty when it was started first");
    }
  });
});

/** One exchange, as the proxies of both sides recorded it. */
function one(fate: Fate, name: "get" | "put" = "put") {
  for (let seed = 0; ; seed++) {
    const { lines, exchanges } = makeRecord(new SeededRng(seed), {
      ...whole,
      exchanges: 1,
      fates: [fate],
    });
    if (exchanges[0]!.name !== name || exchanges[0]!.caller !== "app-0") continue;
    const batches = lines.flatMap((line) => ("batch" in line ? [line.batch] : []));
    const rest = lines.filter((line) => !("batch" in line));
    return { batches, rest, made: exchanges[0]! };
  }
}
const edited = (
  { batches, rest }: ReturnType<typeof one>,
  edit: (exchange: RecordedExchange, batch: RecordedBatch) => RecordedExchange | null,
) => [
  ...batches.map((batch) => ({
    batch: {
      ...batch,
      exchanges: batch.exchanges.flatMap((exchange) => edit(exchange, batch) ?? []),
    },
  })),
  ...rest,
];
const as = (fate: Fate, name: "get" | "put" = "put") => {
  const record = one(fate, name);
  const { operations } = assemble(edited(record, (exchange) => exchange));
  expect(operations).toHaveLength(1);
  return { ...operations[0]!, made: record.made };
};

describe("an operation", () => {
  test("that was answered took effect between its caller's ends", () => {
    const { outcome, startMs, endMs, caller, answeredBy, made } = as("answered");
    expect(outcome).toEqual({ kind: "ok", result: undefined });
    expect([startMs, endMs]).toEqual([made.startMs, made.endMs]);
    expect([caller, answeredBy]).toEqual(["app-0", made.process]);
  });
  test("whose answer was lost took effect where the process's proxy recorded it", () => {
    const { outcome, startMs, endMs, made } = as("reply-lost");
    expect(outcome.kind).toBe("ok");
    expect([startMs, endMs]).toEqual([made.startMs + 2, made.endMs - 2]);
  });
  test("that nobody saw arrive may have happened, for ever", () => {
    const { outcome, endMs, made } = as("request-lost");
    expect(outcome).toEqual({ kind: "unknown", detail: "reset" });
    expect(endMs).toBe(Infinity);
    expect(made.fate).toBe("request-lost");
  });
  test.each(["never-sent", "denied-there"] as const)("that is %s did not happen", (fate) => {
    expect(as(fate).outcome.kind).toBe("absent");
  });
  test("that the process refused was refused", () => {
    expect(as("refused").outcome).toEqual({ kind: "refused", status: 503 });
  });
  test("with a status of which nothing is said may have happened", () => {
    expect(as("refused", "get").outcome).toEqual({ kind: "unknown", detail: "status 500" });
  });
  test("that succeeded at its second endpoint is one", () => {
    expect(as("second-try").outcome.kind).toBe("ok");
  });
  test("that the process's proxy alone recorded is its caller's still", () => {
    const record = one("answered");
    const lines = edited(record, (exchange) =>
      exchange.direction === "inbound" ? exchange : null,
    );
    const { operations, assumptions } = assemble(lines);
    expect(operations).toMatchObject([{ caller: "app-0", answeredBy: record.made.process }]);
    expect(assumptions.join()).toContain("1 operation that no caller's proxy recorded");
  });
});

describe("what was not recorded", () => {
  const withBodies = (
    record: ReturnType<typeof one>,
    body: Partial<NonNullable<RecordedExchange["operation"]>>,
  ) =>
    edited(record, (exchange) => ({ ...exchange, operation: { ...exchange.operation!, ...body } }));

  test("of a read makes it say nothing", () => {
    const lines = withBodies(one("answered", "get"), { replyBody: { missing: "too-long" } });
    expect(assemble(lines).operations).toMatchObject([{ outcome: { kind: "unknown" } }]);
  });
  test("of an update that happened makes its key begin anew after it", () => {
    const record = one("answered");
    const { operations, cutsOf } = assemble(
      withBodies(record, { requestBody: { missing: "too-long" } }),
    );
    expect(operations).toEqual([]);
    const { key, startMs, endMs } = record.made;
    expect(cutsOf(key)).toEqual([{ fromMs: startMs, toMs: endMs }]);
    expect(cutsOf("another")).toEqual([]);
  });
  test("of an update that may have happened is left to the checkers", () => {
    const lines = withBodies(one("request-lost"), { requestBody: { missing: "not-whole" } });
    expect(assemble(lines).operations).toMatchObject([{ args: [expect.any(Number), null] }]);
  });
});

test("an answer that is no value of its sort is an answer, which no model gives", () => {
  const numbers = {
    ...kvsContract,
    operations: kvsContract.operations.map((one) =>
      one.name === "get" ? { ...one, gives: "integer" as const } : one,
    ),
  };
  const lines = edited(one("answered", "get"), (exchange) => ({
    ...exchange,
    operation: { ...exchange.operation!, replyBody: { text: "many" } },
  }));
  const { operations } = assemble(lines, { contract: numbers });
  expect(operations).toMatchObject([{ outcome: { kind: "ok", result: "many" } }]);
});

describe("a gap", () => {
  const { lines } = makeRecord(new SeededRng(1), { ...whole, fates: ["answered"] });
  const withGap = (proxy: string) =>
    lines.map((line): RecordedLine => {
      if (!("batch" in line) || line.batch.workload.name !== proxy) return line;
      const gap = { fromMs: 1500, toMs: 1600, missing: 3, reason: "overflow" } as const;
      return { batch: { ...line.batch, gaps: [gap] } };
    });
  const cuts = (from: readonly RecordedLine[], edit: Partial<AssembleOptions> = {}) =>
    assemble(from, edit).cutsOf("1");

  test("of a caller's proxy hides nothing that happened", () => {
    expect(cuts(withGap("app-0"))).toEqual([]);
  });
  test("of a process's proxy hides nothing, where all callers' recorded", () => {
    expect(cuts(withGap("kvs-0"))).toEqual([]);
  });
  test("of both cuts the history of every key that the process may answer for", () => {
    const both = withGap("kvs-0").map((line, at) => {
      const other = withGap("app-0")[at]!;
      return "batch" in other && other.batch.workload.name === "app-0" ? other : line;
    });
    // What it hides may have begun 30 s before.
    expect(cuts(both)[0]).toMatchObject({ fromMs: -28_500, toMs: 1600 });
    expect(cuts(both, { mayAnswer: (_, uid) => uid !== "uid-kvs-0" })).toEqual([]);
  });
  test("is there where a caller has no proxy", () => {
    const strange = withGap("kvs-0").map((line): RecordedLine => {
      if (!("batch" in line) || line.batch.workload.name !== "kvs-1") return line;
      const exchanges = line.batch.exchanges.map((one) => ({
        ...one,
        front: { ...one.front, caller: null },
      }));
      return { batch: { ...line.batch, exchanges } };
    });
    expect(cuts(strange)).not.toEqual([]);
  });
  test("lies between two lives of a proxy", () => {
    const lives = lines.map((line): RecordedLine => {
      if (!("batch" in line) || line.batch.workload.name !== "kvs-0") return line;
      const { exchanges } = line.batch;
      if (Math.max(...exchanges.map(({ endMs }) => endMs)) < 1600) return line;
      return { batch: { ...line.batch, life: "second", sinceMs: 1550, from: line.batch.from } };
    });
    const { assumptions } = assemble(lives);
    const beginsLater = /the record of kvs-0 has a gap \(restart\) and 1 more:/; // its first batches are missing, too
    expect(assumptions.join("\n")).toMatch(beginsLater);
    const first = Math.min(
      ...lives.flatMap((line) =>
        "batch" in line && line.batch.life === "second" ? [line.batch.from] : [],
      ),
    );
    const told = lives.map((line): RecordedLine => {
      if (!("batch" in line) || line.batch.life !== "second" || line.batch.from > first)
        return line;
      const gap = { fromMs: 0, toMs: 1550, missing: -1, reason: "restart" } as const;
      return { batch: { ...line.batch, gaps: [gap] } };
    });
    expect(assemble(told).assumptions.join("\n")).toMatch(beginsLater);
  });
});

describe("a key begins unknown", () => {
  const { lines } = makeRecord(new SeededRng(2), whole);
  const initial = (from: readonly RecordedLine[], edit: Partial<AssembleOptions> = {}) =>
    assemble(from, edit).initialOf("1").kind;

  test("but where all reaches back to the first start", () => {
    expect(initial(lines)).toBe("empty");
  });
  test("where the store does not", () => {
    const late: RecordedLine = { complete: { whole: 1200, sampled: 0, boot: "b" } };
    const { operations } = assemble([...lines, late]);
    expect(initial([...lines, late])).toBe("unknown");
    expect(Math.min(...operations.map(({ endMs }) => endMs))).toBeGreaterThan(1200);
    expect(initial(lines.filter((line) => !("complete" in line)))).toBe("unknown");
  });
  test("where the Contract holds since later, or since when is not known", () => {
    expect(initial(lines, { contractSinceWallMs: 1_001_200 })).toBe("unknown");
    expect(initial(lines, { contractSinceWallMs: null })).toBe("unknown");
  });
  test("where the first start of a process is not known", () => {
    expect(initial(lines.filter((line) => !("start" in line)))).toBe("unknown");
    const again = lines.map(
      (line): RecordedLine => ("start" in line ? { start: { ...line.start, restarts: 1 } } : line),
    );
    expect(initial(again)).toBe("unknown");
  });
  test("where a process had answered before the first start that is known", () => {
    const later = lines.map(
      (line): RecordedLine => ("start" in line ? { start: { ...line.start, atMs: 1400 } } : line),
    );
    expect(initial(later)).toBe("unknown");
  });
  test("where the proxy's record begins in the middle", () => {
    const cut = lines.filter(
      (line) => !("batch" in line && line.batch.workload.name === "kvs-1" && line.batch.from === 1),
    );
    expect(initial(cut)).toBe("unknown");
  });
});

test("an operation that was not over when the record was read may have happened; what began later is left out", () => {
  const { lines } = makeRecord(new SeededRng(3), { ...whole, fates: ["answered"] });
  const { operations } = assemble(lines, { untilMs: 1800 });
  expect(Math.max(...operations.map(({ startMs }) => startMs))).toBeLessThanOrEqual(1800);
  const open = operations.filter(({ endMs }) => endMs === Infinity);
  expect(open.length).toBeGreaterThan(0);
  for (const { outcome } of open) expect(outcome.kind).toBe("unknown");
  expect(verdictOf(lines, { untilMs: 1800 }).verdict).toBe("holds");
});

test("records of an earlier boot are left out: their times say nothing", () => {
  const { lines } = makeRecord(new SeededRng(4), whole);
  const older = lines.flatMap((line) =>
    "batch" in line
      ? [{ batch: { ...line.batch, boot: "a", life: `old ${line.batch.life}`, wallOffsetMs: 0 } }]
      : [],
  );
  expect(assemble([...lines, ...older]).operations).toEqual(assemble(lines).operations);
});

describe("callers are told apart", () => {
  test("behind a gateway by their connection, else by their workload", () => {
    const { lines } = makeRecord(new SeededRng(5), whole);
    const callers = new Set(assemble(lines).operations.map(({ caller }) => caller));
    expect([...callers].sort()).toEqual([
      "app-0",
      "app-1",
      "front-0 127.0.0.1:5001",
      "front-0 127.0.0.1:5002",
    ]);
  });
  test("where a name is used again, as by commands that are run twice", () => {
    const { lines } = makeRecord(new SeededRng(5), { ...whole, fates: ["answered"] });
    const again = lines.map((line): RecordedLine => {
      if (!("batch" in line) || line.batch.workload.name !== "app-0") return line;
      const uid = line.batch.from > 10 ? "another" : line.batch.workload.uid;
      return { batch: { ...line.batch, workload: { ...line.batch.workload, uid } } };
    });
    const callers = new Set(assemble(again).operations.map(({ caller }) => caller));
    expect(callers).toContain("app-0");
    expect(callers).toContain("app-0 (2)");
  });
  test("by a field that the Contract names", () => {
    const lines = edited(one("answered"), (exchange) => ({
      ...exchange,
      front: { ...exchange.front, callerField: "dana" },
    }));
    const contract = { ...kvsContract, callerField: "x-user" };
    expect(assemble(lines, { contract }).operations).toMatchObject([{ caller: "dana" }]);
  });
  test("where nothing tells them apart each operation has its own", () => {
    const { lines } = makeRecord(new SeededRng(6), whole);
    const alone = lines.map((line): RecordedLine => {
      if (!("batch" in line)) return line;
      const exchanges = line.batch.exchanges.flatMap((one) =>
        one.direction === "inbound" ? [{ ...one, front: { ...one.front, caller: null } }] : [],
      );
      return { batch: { ...line.batch, exchanges } };
    });
    const { operations } = assemble(alone);
    expect(operations.length).toBeGreaterThan(50);
    expect(new Set(operations.map(({ caller }) => caller)).size).toBe(operations.length);
  });
});
