import fc from "fast-check";
import { expect, test } from "vitest";
import { Placement } from "../balance/placement.ts";
import {
  base,
  type Call,
  evidence,
  placement,
  process,
  recordOf,
  workloads,
} from "./evidence.fixture.ts";
import { checkPlacement } from "./placement.ts";
import { queryOf, segmentsOf, wholeNumber } from "./request.ts";

const placed = [...base, placement()];

function check(calls: readonly Call[], resources = placed) {
  return checkPlacement(evidence(resources, recordOf(calls)));
}

test("one process for each key: holds, and says how much it looked at", () => {
  const report = check([
    { to: "kvs-0", path: "/7" },
    { to: "kvs-1", path: "/8" },
    { to: "kvs-0", path: "/007?x=1", from: "visitor-1" },
  ]);
  expect(report).toMatchObject({ verdict: "holds", subjects: 1, judged: 6, broken: 0 });
});

test("one key at two processes is a violation that names both messages, in any spelling of the key", () => {
  const report = check([
    { to: "kvs-0", path: "/7" },
    { to: "kvs-1", path: "//%37?x=1" },
  ]);
  expect(report).toMatchObject({ verdict: "violated", broken: 1 });
  expect(report.violations[0]).toMatchObject({
    what: "key 7 of default/kvs was processed by 2 processes",
    processes: ["default/kvs-0", "default/kvs-1"],
    messages: ["c0.1.q", "c1.1.q"],
  });
});

test("a key refused as misdirected was not processed, but was sent where it should not have been", () => {
  const refused = { attempts: [], reason: "misdirected", status: 502, origin: "proxy" } as const;
  const { broken, violations } = check([
    { to: "kvs-0", path: "/7" },
    { to: "kvs-1", path: "/7", inbound: refused },
  ]);
  expect(broken).toBe(1);
  expect(violations[0]!.what).toBe("key 7 of default/kvs was sent to 2 processes");
});

test("after another process was meant to be there keys may be elsewhere; meanwhile nothing is judged", () => {
  const change = 20_000;
  const at = (atMs: number, to: string): Call => ({ to, path: "/7", atMs });
  const judge = (calls: readonly Call[]) =>
    checkPlacement({
      intent: [
        { fromWallMs: 0, resources: placed },
        { fromWallMs: change, resources: [...placed, process("kvs", 3)].filter(isNewest) },
      ],
      workloads,
      batches: recordOf(calls),
    });
  const before = at(change - 100, "kvs-0");
  expect(judge([before, at(change + 50, "kvs-1"), at(change + 40_000, "kvs-1")])).toMatchObject({
    verdict: "holds",
    judged: 4,
    notJudged: { "intent was changing": 2 },
  });
  const back = [at(change + 40_000, "kvs-1"), at(change + 41_000, "kvs-0")];
  expect(judge(back).verdict).toBe("violated");
});

test("whenAway: move, requests without a key, and keys in fields that are not recorded are not judged", () => {
  const calls: Call[] = [{ to: "kvs-0" }, { to: "kvs-1" }];
  const moving = check(calls, [...base, placement(undefined, { whenAway: "move" })]);
  expect(moving).toMatchObject({
    verdict: "undecided",
    notJudged: { "whenAway: move lets keys go elsewhere": 4 },
  });
  const inHeader = check(calls, [...base, placement({ header: "x-user" })]);
  expect(inHeader).toMatchObject({ verdict: "undecided", judged: 0 });
  const words = check([
    { to: "kvs-0", path: "/a" },
    { to: "kvs-1", path: "/a" },
  ]);
  expect(words).toMatchObject({ verdict: "undecided", notJudged: { "no key in the request": 4 } });
});

test("a workload that was deleted and made anew may keep other keys; its process that died and came back may not", () => {
  const judge = (uid: string) => {
    const [before, first] = [
      recordOf([{ to: "kvs-0" }]),
      recordOf([{ to: "kvs-1", atMs: 50_000 }]),
    ];
    // kvs-0 recorded once more, much later: in another life, of the same or of another workload.
    const again = {
      ...recordOf([{ to: "kvs-0", path: "/8", atMs: 60_000 }])[1]!,
      life: "2",
      sinceMs: 20_000,
    };
    const later = { ...again, workload: { ...again.workload, uid } };
    const other = first.map((batch) => ({ ...batch, life: "3" }));
    return checkPlacement(evidence(placed, [...before, ...other, later]));
  };
  expect(judge("kvs-0").verdict).toBe("violated");
  expect(judge("another")).toMatchObject({ verdict: "holds", judged: 4 });
});

test("a key that is the caller's workload is the workload, not its name", () => {
  const bySource = [...base, placement({ source: true })];
  const calls: Call[] = [
    { to: "kvs-0", from: "visitor-0" },
    { to: "kvs-1", from: "visitor-1" },
  ];
  expect(check(calls, bySource)).toMatchObject({ verdict: "holds", judged: 4 });
  expect(check([...calls, { to: "kvs-1", from: "visitor-0" }], bySource).verdict).toBe("violated");
});

test("without a Placement nothing is asked for", () => {
  expect(check([{ to: "kvs-0" }, { to: "kvs-1" }], [...base])).toMatchObject({
    verdict: "holds",
    subjects: 0,
  });
});

test("a key after the 128 octets that are recorded is not guessed", () => {
  const long = `/${"a".repeat(127)}`;
  const report = check([{ to: "kvs-0", path: long }], [...base, placement({ pathSegment: 2 })]);
  expect(report).toMatchObject({ judged: 0, verdict: "undecided" });
});

test("it reads keys as the data path does, in words of its own", () => {
  const part = fc.constantFrom(
    "/",
    "%37",
    "0",
    "7",
    "a",
    "%2F",
    "%",
    "-",
    "?",
    "&",
    "q=",
    "+",
    ".",
  );
  const target = fc.array(part, { maxLength: 12 }).map((parts) => `/${parts.join("")}`);
  fc.assert(
    fc.property(target, fc.constantFrom("text", "integer"), (path, type) => {
      const head = { path, get: () => null } as never;
      const source = { workloadUid: null, identity: null };
      const key = (from: object) =>
        new Placement({
          name: "p",
          key: { from, type } as never,
          slots: 4,
          whenAway: "wait",
        }).keyOf(head, source);
      const typed = (text: string | null) =>
        text === null || type === "text" ? text : wholeNumber(text);
      expect(typed(segmentsOf(path)[1] ?? null)).toBe(key({ kind: "path-segment", index: 2 }));
      expect(typed(queryOf(path, "q"))).toBe(key({ kind: "query", name: "q" }));
    }),
    { numRuns: 2000, seed: 3 },
  );
});

/** Of two Processes of one name the later one. */
function isNewest(
  one: { kind: string; metadata: { name: string } },
  at: number,
  all: readonly { kind: string; metadata: { name: string } }[],
) {
  return (
    all.findLastIndex(
      (other) => other.kind === one.kind && other.metadata.name === one.metadata.name,
    ) === at
  );
}
