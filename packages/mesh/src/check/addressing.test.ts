import { expect, test } from "vitest";
import type { RecordedBatch } from "../history/batch.ts";
import { checkAddressing } from "./addressing.ts";
import { base, type Call, evidence, portOf, recordOf } from "./evidence.fixture.ts";

/** A call, and half a minute later another, so that what is missing is not merely on its way. */
const calls = (call: Call): Call[] => [
  call,
  { to: "kvs-0", atMs: 30_000 },
  { to: "kvs-1", atMs: 30_000 },
  { to: "other-0", backend: "other", service: "other", atMs: 30_000 },
];

function check(call: Call, edit: (batch: RecordedBatch) => RecordedBatch = (batch) => batch) {
  return checkAddressing(evidence(base, recordOf(calls(call)).map(edit)));
}

/** What is found first. */
const found = (report: ReturnType<typeof check>) => report.violations[0]?.what ?? report.verdict;

test("what was sent to an address was received there, by a process of the service: holds", () => {
  expect(check({ to: "kvs-0" })).toMatchObject({ verdict: "holds", broken: 0, subjects: 2 });
});

test("an endpoint's address reused by another process", () => {
  const address = `127.0.0.1:${portOf("kvs-1")}`;
  const report = check({ to: "kvs-1", attempt: { endpoint: "kvs-0", target: address } });
  expect(report.violations.map(({ what }) => what)).toContain(
    "a message was received by another process than it was meant for",
  );
});

test("a forged target", () => {
  const target = `127.0.0.1:${portOf("other-0")}`;
  const { violations } = check({ to: "kvs-0", attempt: { target } });
  expect(violations).toContainEqual(
    expect.objectContaining({
      what: "a message was received at another address than it was sent to",
      processes: ["default/visitor-0", "default/kvs-0"],
      expected: target,
      found: `127.0.0.1:${portOf("kvs-0")}`,
    }),
  );
});

test("an endpoint that is not of the service", () => {
  const report = check({ to: "other-0", attempt: { replySeq: 0 }, inbound: { receivedSeq: 0 } });
  expect(found(report)).toBe(
    "a message to default/kvs was sent to default/other-0, which is none of it",
  );
  const received = check({ to: "other-0" });
  expect(received.violations.map(({ what }) => what)).toContain(
    "default/other-0 received what was sent to default/kvs",
  );
});

test("what is meant for one and sent to another's address", () => {
  const target = `127.0.0.1:${portOf("kvs-1")}`;
  const attempt = { endpoint: "kvs-0", target, replySeq: 0 };
  expect(found(check({ to: "kvs-0", attempt, inbound: { receivedSeq: 0 } }))).toBe(
    "what was meant for default/kvs-0 was sent to the address of default/kvs-1",
  );
});

test("both ends tell another content", () => {
  expect(found(check({ to: "kvs-0", inbound: { path: "/8" } }))).toBe(
    "both ends tell another content of one message",
  );
});

test("two messages under one id", () => {
  const twin: Call = { to: "kvs-0", attempt: { connection: "c0" }, front: { connection: "c0" } };
  const report = checkAddressing(evidence(base, recordOf([{ to: "kvs-0" }, twin])));
  expect(report.violations.map(({ what }) => what)).toEqual(
    expect.arrayContaining([
      "two messages were sent under one id",
      "two messages were received under one id",
    ]),
  );
});

const without = (workload: string) => (batch: RecordedBatch) =>
  batch.workload.name === workload
    ? { ...batch, exchanges: batch.exchanges.slice(1), from: 2 }
    : batch;

test("a message from nothing, and a reply from nobody", () => {
  expect(found(check({ to: "kvs-0" }, without("visitor-0")))).toBe(
    "default/kvs-0 received what nobody sent",
  );
  expect(found(check({ to: "kvs-0" }, without("kvs-0")))).toBe(
    "default/visitor-0 received a reply that nobody gave",
  );
});

test("a gap explains it, and so does a record that has not come yet, is sampled, or is of another life", () => {
  const gap = { fromMs: 0, toMs: 100, missing: 1, reason: "overflow" } as const;
  const edits: readonly ((batch: RecordedBatch) => RecordedBatch)[] = [
    (batch) => ({ ...batch, gaps: [gap] }),
    (batch) => ({ ...batch, sampledShare: 0.1 }),
    (batch) => ({ ...batch, sinceMs: 20_000 }),
    (batch) => ({ ...batch, boot: "another" }),
  ];
  for (const edit of edits) {
    const drop = without("visitor-0");
    const report = check({ to: "kvs-0" }, (batch) =>
      batch.workload.name === "visitor-0" ? edit(drop(batch)) : batch,
    );
    expect(report.verdict).toBe("holds");
    expect(Object.values(report.notJudged)).not.toEqual([]);
  }
  const older = evidence(base, recordOf(calls({ to: "kvs-0" })).map(without("visitor-0")));
  expect(checkAddressing(older).verdict).toBe("violated");
  expect(checkAddressing({ ...older, completeFromWallMs: 10 }).verdict).toBe("holds");
  const fresh = recordOf([{ to: "kvs-0" }, { to: "kvs-1" }]).map(without("visitor-0"));
  expect(checkAddressing(evidence(base, fresh)).verdict).toBe("holds");
});

test("a message that was lost is no breach, and is counted", () => {
  const report = check({ to: null, attempt: { replySeq: 0, replyMs: -1, endpoint: "kvs-0" } });
  expect(report.verdict).toBe("holds");
  expect(report.notJudged).toEqual({ "lost or refused: nobody received it": 1 });
});

test("a record that lacks numbers says so", () => {
  const [batch] = recordOf(calls({ to: "kvs-0" }));
  const halves: RecordedBatch[] = [
    { ...batch!, exchanges: batch!.exchanges.slice(0, 1) },
    { ...batch!, exchanges: batch!.exchanges.slice(2), from: 3 },
  ];
  const rest = recordOf(calls({ to: "kvs-0" })).slice(1);
  expect(found(checkAddressing(evidence(base, [...halves, ...rest])))).toBe(
    "the record of default/visitor-0 lacks exchanges and says nothing of it",
  );
});

test("a proxy may have recorded more than fits into a call's arguments", () => {
  const [sender, receiver] = recordOf([{ to: "kvs-0" }]) as [RecordedBatch, RecordedBatch];
  const many = ({ exchanges, ...batch }: RecordedBatch): RecordedBatch => ({
    ...batch,
    exchanges: Array.from({ length: 200_000 }, (_, index) => ({
      ...exchanges[0]!,
      id: index + 1,
      front: { ...exchanges[0]!.front, ordinal: index + 1 },
      attempts: exchanges[0]!.attempts.map((one) => ({ ...one, ordinal: index + 1 })),
    })),
  });
  const report = checkAddressing(evidence(base, [many(sender), many(receiver)]));
  expect(report).toMatchObject({ verdict: "holds", judged: 400_002 });
});
