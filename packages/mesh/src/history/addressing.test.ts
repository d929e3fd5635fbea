import { describe, expect, test } from "vitest";
import {
  attempt,
  batchOf,
  inboundExchange,
  outboundExchange,
} from "../../test/support/recorded.ts";
import { type AddressingOptions, type Backing, checkAddressing } from "./addressing.ts";
import type { Gap, RecordedBatch } from "./batch.ts";
import type { RecordedAttempt, RecordedExchange } from "./exchange.ts";
import { historiesOf } from "./histories.ts";

/** e asks kvs-1, as both proxies recorded it; with changes to what either says. */
const sender = (hop: Partial<RecordedAttempt> = {}, changes: Partial<RecordedExchange> = {}) =>
  batchOf("e", [outboundExchange({ attempts: [attempt(hop)], ...changes })]);
const receiver = (front: Partial<RecordedExchange["front"]> = {}, name = "kvs-1") => {
  const exchange = inboundExchange();
  return batchOf(name, [{ ...exchange, front: { ...exchange.front, ...front } }]);
};
/** Wall ms long after everything. */
const late = { nowWallMs: 2_000_000 };
const check = (batches: readonly RecordedBatch[], options: AddressingOptions = late) =>
  checkAddressing(historiesOf(batches), options);
const brokenIn = (batches: readonly RecordedBatch[], options?: AddressingOptions) =>
  check(batches, options).violations.map(({ rule, type }) => `${rule} ${type}`);
const intent: Backing = (service, workload) =>
  service === "default/kvs:80" ? workload === "default/kvs-1" : null;

test("a message that came where it was meant to holds", () => {
  const report = check([sender(), receiver()], { ...late, backing: intent });
  expect(report).toMatchObject({
    verdict: "holds",
    delivered: 6,
    observed: 2,
    inferred: 4,
    judgedByService: 2, // the proxy that received it, and the process behind
    violations: [],
  });
});

test("where nothing is recorded nothing is said", () => {
  expect(check([]).verdict).toBe("undecided");
});

describe("a violation is found and named:", () => {
  test("an endpoint's address, used by another process now", () => {
    const report = check([sender(), receiver({}, "other-0")], { ...late, backing: intent });
    expect(report.verdict).toBe("violated");
    const named = {
      sender: "default/e/proxy",
      receiver: "default/other-0/proxy",
      message: `${"aa".repeat(16)}.1.q`,
      meant: "default/kvs-1/proxy",
      targetAddress: "127.0.0.1:8002",
      address: "127.0.0.1:8002",
      service: "default/kvs:80",
    };
    expect(report.violations).toEqual([
      expect.objectContaining({ rule: "endpoint", ...named }),
      expect.objectContaining({ rule: "service", ...named }),
      expect.objectContaining({
        rule: "service",
        sender: "default/other-0/proxy",
        receiver: "default/other-0",
      }),
    ]);
  });

  test("a forged target", () => {
    const batches = [sender({ target: "10.0.0.9:80" }), receiver()];
    expect(check(batches).violations).toEqual([
      expect.objectContaining({
        rule: "address",
        sender: "default/e/proxy",
        receiver: "default/kvs-1/proxy",
        targetAddress: "10.0.0.9:80",
        address: "127.0.0.1:8002",
      }),
    ]);
  });

  test("a stale endpoint: its place was taken by another of the same service", () => {
    expect(
      brokenIn([sender({ endpoint: "kvs-0" }), receiver()], { ...late, backing: intent }),
    ).toEqual([
      "endpoint request", // to the service it makes no difference
    ]);
  });

  test("a reply that came to another address than it was sent to", () => {
    expect(brokenIn([sender(), receiver({ source: "127.0.0.1:6666" })])).toEqual(["address reply"]);
  });

  test("a message that came twice, once to another: there is no second Send•M to go with it", () => {
    const [exchange] = receiver({ own: "10.0.0.9:80" }).exchanges;
    const copy = { ...exchange!, startMs: 103, attempts: [], answeredSeq: 0 };
    const report = check([sender(), receiver(), batchOf("kvs-2", [copy])]);
    expect(report.violations).toEqual([
      expect.objectContaining({
        rule: "address",
        sender: "default/e/proxy",
        receiver: "default/kvs-2/proxy",
        targetAddress: "127.0.0.1:8002",
        address: "10.0.0.9:80",
      }),
    ]);
  });

  test("two exchanges of one number, and the second tells of another target", () => {
    const forged = outboundExchange({ attempts: [attempt({ target: "10.0.0.9:80" })] });
    expect(brokenIn([sender(), batchOf("e", [forged]), receiver()])).toEqual(["address request"]);
  });

  test("a process asked where it does not listen: its connection says where that is", () => {
    const exchange = inboundExchange();
    const [app] = exchange.attempts;
    const misled = { ...exchange, attempts: [{ ...app!, target: "127.0.0.1:9999" }] };
    expect(check([sender(), batchOf("kvs-1", [misled])]).violations).toEqual([
      expect.objectContaining({
        rule: "address",
        receiver: "default/kvs-1",
        targetAddress: "127.0.0.1:9999",
        address: "127.0.0.1:9001",
      }),
    ]);
  });

  test("a request received for another service than it was sent to", () => {
    const exchange = inboundExchange({ service: "default/other", backend: "default/other" });
    expect(brokenIn([sender(), batchOf("kvs-1", [exchange])])).toEqual(["service request"]);
  });
});

test("what intent was at the time decides; where it is not known nothing is judged", () => {
  const until: Backing = (_, workload, wallMs) =>
    workload === "default/kvs-1" ? wallMs < 1_000_200 : null;
  const at = (atMs: number) => [
    batchOf("e", [outboundExchange({ atMs })]),
    batchOf("kvs-1", [inboundExchange({ atMs: atMs + 2 })]),
  ];
  expect(brokenIn(at(100), { ...late, backing: until })).toEqual([]);
  expect(brokenIn(at(300), { ...late, backing: until })).toEqual([
    "service request",
    "service request",
  ]);
  expect(check([sender(), receiver()], { ...late, backing: () => null })).toMatchObject({
    judgedByService: 0,
    unjudgedByService: 2,
    verdict: "holds",
  });
});

test("one address is one address, however a dual-stack socket writes it", () => {
  expect(brokenIn([sender(), receiver({ own: "[::ffff:127.0.0.1]:8002" })])).toEqual([]);
});

describe("delivery is another question:", () => {
  /** e's request went out and no reply came; kvs-1's proxy recorded `batch`. */
  const unanswered = sender(
    { replySeq: 0, reason: "reset" },
    { status: 502, reason: "reset", origin: "proxy" },
  );
  const fateOf = (batches: readonly RecordedBatch[], nowWallMs = late.nowWallMs) => {
    const { lost, inFlight, unknown, unexplained, violations } = check(batches, { nowWallMs });
    expect(violations).toEqual([]);
    return {
      lost: lost.map(({ event }) => event.message.id),
      inFlight: inFlight.length,
      unknown: unknown.map(({ why }) => why),
      unexplained: unexplained.length,
    };
  };
  const none = { lost: [], inFlight: 0, unknown: [], unexplained: 0 };
  const id = `${"aa".repeat(16)}.1.q`;

  /** Something else that kvs-1's proxy recorded, of e's of which all is known. */
  const another = inboundExchange({ id: 9, seq: 90, atMs: 20_000 });
  const hop = { connection: "bb".repeat(16), ordinal: 1 };
  const alive = {
    e: outboundExchange({ id: 9, seq: 90, atMs: 19_998, attempts: [attempt(hop)] }),
    kvs: { ...another, front: { ...another.front, ...hop } },
  };
  const sentAndMore = { ...unanswered, exchanges: [...unanswered.exchanges, alive.e] };

  test("never received in all this time: lost", () => {
    expect(fateOf([sentAndMore, batchOf("kvs-1", [alive.kvs])])).toEqual({ ...none, lost: [id] });
  });

  test("never received by one who has recorded nothing since: unknown", () => {
    const why = "default/kvs-1/proxy has recorded nothing since";
    expect(fateOf([unanswered, batchOf("kvs-1", [])])).toEqual({ ...none, unknown: [why] });
  });

  test("too young to say: in flight", () => {
    const nowWallMs = 1_000_101 + 500;
    expect(fateOf([unanswered, batchOf("kvs-1", [])], nowWallMs)).toEqual({ ...none, inFlight: 1 });
  });

  test("young, but its connection carried later messages: lost", () => {
    const later = inboundExchange();
    const second = { ...later, front: { ...later.front, ordinal: 2 } };
    const sent = [
      ...unanswered.exchanges,
      outboundExchange({ id: 2, seq: 5, atMs: 150, attempts: [attempt({ ordinal: 2 })] }),
    ];
    const { lost } = check([batchOf("e", sent), batchOf("kvs-1", [second])], {
      nowWallMs: 1_000_600,
    });
    expect(lost.map(({ why }) => why)).toEqual(["its connection carried later messages"]);
  });

  test.each(["overflow", "restart", "lost"] as const)(
    "a gap (%s) at the receiver: unknown",
    (reason) => {
      const gap: Gap = { fromMs: 90, toMs: 120, missing: 3, reason };
      const batches = [unanswered, batchOf("kvs-1", [], { gaps: [gap] })];
      expect(fateOf(batches).unknown).toEqual([`gap at default/kvs-1/proxy: ${reason}`]);
    },
  );

  test("a gap of another time explains nothing", () => {
    const gap: Gap = { fromMs: 50_000, toMs: 60_000, missing: 3, reason: "overflow" };
    const batches = [sentAndMore, batchOf("kvs-1", [alive.kvs], { gaps: [gap] })];
    expect(fateOf(batches).lost).toEqual([id]);
  });

  test("between two lives of the receiver's proxy: unknown", () => {
    const batches = [
      unanswered,
      batchOf("kvs-1", [], { life: "one" }),
      batchOf("kvs-1", [], { life: "two", sinceMs: 200 }),
    ];
    expect(fateOf(batches).unknown).toHaveLength(1);
  });

  test("a receiver that nobody records: unknown", () => {
    expect(fateOf([unanswered]).unknown).toEqual(["default/kvs-1/proxy is not recorded"]);
  });

  test("received from one who is not recorded, or has recorded nothing since: unknown", () => {
    const whyOf = (batches: readonly RecordedBatch[]) =>
      check(batches).unknown.map(({ event, why }) => `${event.kind} ${why}`);
    expect(whyOf([receiver()])).toContain("recv default/e is not recorded");
    expect(whyOf([batchOf("e", []), receiver()])).toContain(
      "recv default/e has recorded nothing since",
    );
  });

  test("received, and nobody sent it: not explained, and the verdict is undecided", () => {
    const received = [...receiver().exchanges, alive.kvs];
    const batches = [batchOf("e", [alive.e]), batchOf("kvs-1", received)];
    const report = check(batches);
    expect(report.unexplained.map(({ event }) => event.endpoint)).toEqual(["default/kvs-1/proxy"]);
    expect(report.verdict).toBe("undecided");
  });

  test("received twice at the same place: not explained", () => {
    const second = { ...receiver().exchanges[0]!, id: 2, receivedSeq: 21, answeredSeq: 22 };
    const report = check([sender(), batchOf("kvs-1", [...receiver().exchanges, second])]);
    expect(report.unexplained.map(({ why }) => why)).toContain(
      "its message was received once before",
    );
    expect(report).toMatchObject({ verdict: "undecided", violations: [], lost: [] });
  });

  test("answered, and nobody received it: not explained, and not lost", () => {
    const asked = [...sender().exchanges, alive.e];
    const report = check([batchOf("e", asked), batchOf("kvs-1", [alive.kvs])]);
    expect(report.unexplained.map(({ event, why }) => `${event.kind} ${why}`)).toEqual([
      "send it was answered, and no history holds its receipt",
      "recv no history holds its sending",
    ]);
    expect(report.lost).toEqual([]);
  });

  test("unless a gap at whoever may have sent it explains it", () => {
    const gap: Gap = { fromMs: 90, toMs: 120, missing: -1, reason: "overflow" };
    const report = check([batchOf("e", [], { gaps: [gap] }), receiver()]);
    expect(report.unexplained).toEqual([]);
    expect(report.verdict).toBe("holds");
  });

  test("and so does a share that was sampled, from the batch before it on", () => {
    // While nobody listened the ring of e's proxy let go of what is missing here.
    const sampled = { store: "sampled", sampledShare: 0.2 } as const;
    const before = outboundExchange({ id: 5, seq: 50, atMs: 20, attempts: [] });
    const of = (share: number) => [
      batchOf("e", [before], { ...sampled, sampledShare: 1 }),
      batchOf("e", [alive.e], { ...sampled, sampledShare: share, from: 2 }),
      batchOf("kvs-1", [...receiver().exchanges, alive.kvs]),
    ];
    expect(check(of(0.2))).toMatchObject({ unexplained: [] });
    expect(check(of(1)).unexplained).toHaveLength(1);
  });

  test("or its sender is not done with it", () => {
    const report = check([batchOf("e", []), receiver()], { nowWallMs: 1_000_110 });
    expect(report).toMatchObject({ unexplained: [], verdict: "holds" });
    expect(report.inFlight.length).toBeGreaterThan(0);
  });

  test("an answer whose caller had gone is lost", () => {
    const gone = batchOf("e", [outboundExchange({ reason: "client-gone" })]);
    expect(check([gone, receiver()]).lost.map(({ why }) => why)).toEqual(["the caller had gone"]);
  });
});
