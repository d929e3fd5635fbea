import { describe, expect, test } from "vitest";
import { batchOf, inboundExchange, outboundExchange } from "../../test/support/recorded.ts";
import type { RecordedBatch } from "./batch.ts";
import type { HistoryEvent } from "./event.ts";
import { eventsOf } from "./events.ts";
import { historiesOf, localView } from "./histories.ts";

const three = [1, 2, 3].map((id) => outboundExchange({ id, seq: 4 * id - 3, atMs: 100 * id }));
const isWholeOf = (batches: readonly RecordedBatch[]) =>
  localView(historiesOf(batches), "default/e").isWhole;

test("a history holds its endpoint's events alone, in the recorder's order", () => {
  const shuffled = [three[2]!, three[0]!, three[1]!];
  const { histories } = historiesOf([
    batchOf("e", shuffled),
    batchOf("kvs-1", [inboundExchange()]),
  ]);
  expect([...histories.keys()].sort()).toEqual([
    "default/e",
    "default/e/proxy",
    "default/kvs-1",
    "default/kvs-1/proxy",
  ]);
  for (const { endpoint, events } of histories.values()) {
    expect(events.every((event) => event.endpoint === endpoint)).toBe(true);
    const seqs = events.map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  }
});

test("a local view never shows another's events, and of a stranger it shows none", () => {
  const recorded = historiesOf([batchOf("e", three)]);
  const view = localView(recorded, "default/e");
  expect(view.events).toHaveLength(6);
  expect(new Set(view.events.map(({ endpoint }) => endpoint))).toEqual(new Set(["default/e"]));
  expect(localView(recorded, "default/nobody").events).toEqual([]);
});

test("what comes twice, kept and from the proxy that still holds it, counts once", () => {
  const once = historiesOf([batchOf("e", three)]);
  const twice = historiesOf([batchOf("e", three), batchOf("e", three.slice(1), { from: 2 })]);
  expect(twice.histories).toEqual(once.histories);
});

test("lives follow each other as they began, whatever their numbers", () => {
  const second = batchOf("e", [outboundExchange({ atMs: 900 })], { life: "b", sinceMs: 800 });
  const first = batchOf("e", three, { life: "z" });
  const { events } = localView(historiesOf([second, first]), "default/e");
  expect(events.map(({ epoch }) => epoch)).toEqual(["z", "z", "z", "z", "z", "z", "b", "b"]);
});

describe("a history is whole", () => {
  test("from the first exchange on, in whatever parts it comes", () => {
    expect(isWholeOf([batchOf("e", three)])).toBe(true);
    const parts = [batchOf("e", three.slice(1), { from: 2 }), batchOf("e", three.slice(0, 1))];
    expect(isWholeOf(parts)).toBe(true);
  });

  test("but not without its first exchanges, after a gap, in part, or over two lives", () => {
    expect(isWholeOf([batchOf("e", three.slice(1), { from: 2 })])).toBe(false);
    const gap = { fromMs: 0, toMs: 1, missing: 1, reason: "overflow" } as const;
    expect(isWholeOf([batchOf("e", three, { gaps: [gap] })])).toBe(false);
    const sampled = { store: "sampled", sampledShare: 0.5 } as const;
    expect(isWholeOf([batchOf("e", three, sampled)])).toBe(false);
    const other = batchOf("e", [], { life: "other", sinceMs: 500 });
    const late = outboundExchange({ atMs: 600 });
    expect(isWholeOf([batchOf("e", three), { ...other, exchanges: [late] }])).toBe(false);
  });

  test("nor where the process had begun before its recorder did", () => {
    const start = {
      workload: { uid: "e-uid", name: "e", namespace: "default" },
      atMs: 10,
      boot: "boot",
      wallMs: 0,
      restarts: 0,
    };
    const whole = (sinceMs: number) =>
      localView(historiesOf([batchOf("e", three, { sinceMs })], { starts: [start] }), "default/e")
        .isWhole;
    expect(whole(5)).toBe(true);
    expect(whole(15)).toBe(false);
  });
});

describe("an endpoint that records itself", () => {
  const inferred = eventsOf(batchOf("e", three)).filter(({ endpoint }) => endpoint === "default/e");
  const observed = inferred.map(
    (event, index): HistoryEvent => ({
      ...event,
      endpoint: "script",
      observer: "script",
      epoch: "script-1",
      seq: index + 1,
      atMs: event.atMs + 0.5,
      isInferred: false,
    }),
  );

  test("replaces what the proxy beside it inferred", () => {
    const { histories, aliases } = historiesOf([batchOf("e", three)], { observed });
    expect(histories.get("default/e")).toBeUndefined();
    expect(histories.get("script")!.events).toEqual(observed);
    expect(histories.get("default/e/proxy")!.events).toHaveLength(12);
    expect(aliases).toEqual(new Map([["script", new Set(["default/e"])]]));
  });

  test("leaves what it did not record itself", () => {
    const { histories } = historiesOf([batchOf("e", three)], { observed: observed.slice(0, 2) });
    expect(histories.get("script")!.events).toHaveLength(2);
    expect(histories.get("default/e")!.events).toHaveLength(4);
  });

  test("of two messages of one name it replaces the one of its own time", () => {
    const again = three.map((exchange) => ({
      ...exchange,
      startMs: exchange.startMs + 90_000,
      headMs: exchange.headMs + 90_000,
      id: exchange.id + 10,
      receivedSeq: exchange.receivedSeq + 100,
      answeredSeq: exchange.answeredSeq + 100,
    }));
    const { histories } = historiesOf([batchOf("e", [...three, ...again])], { observed });
    const left = histories.get("default/e")!.events;
    expect(left.map(({ atMs }) => atMs)).toEqual(inferred.map(({ atMs }) => atMs + 90_000));
  });
});

test("who calls past all proxies is outside, until a record of the mesh holds that message", () => {
  const plain = "127.0.0.1:5002>127.0.0.1:8002";
  const [hop] = outboundExchange().attempts;
  const received = inboundExchange();
  const kvs = batchOf("kvs-1", [
    { ...received, front: { ...received.front, connection: plain, caller: null } },
  ]);
  const alone = historiesOf([kvs]);
  expect([...alone.histories.keys()]).toContain("outside/127.0.0.1:5002");
  const e = batchOf("e", [outboundExchange({ attempts: [{ ...hop!, connection: plain }] })]);
  expect([...historiesOf([kvs, e]).histories.keys()]).not.toContain("outside/127.0.0.1:5002");
});
