import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exchangeRecord, operationRecord } from "../../test/support/records.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import type { Gap, RecordedBatch } from "../history/batch.ts";
import { unpackBatch } from "../history/unpack-batch.ts";
import type { ExchangeRecord } from "./record.ts";
import { RecordExport } from "./record-export.ts";
import { Recording } from "./recording.ts";

/** A proxy's recording, and a control plane that keeps what it is sent as long as the line holds. */
class Rig {
  readonly clock = new VirtualClock();
  readonly recording: Recording;
  readonly export: RecordExport;
  readonly kept: Record<RecordedBatch["store"], RecordedBatch[]> = { whole: [], sampled: [] };
  /** Batches that arrived, repeated ones too. */
  readonly sent: RecordedBatch[] = [];
  /** While recording was on, and while it was off. */
  readonly happened = { operation: 0, notable: 0, plain: 0 };
  unrecorded = 0;
  isAnswering = true;
  #isUp = false;
  #line = 0;
  #id = 0;

  constructor({ recentMax = 2048 } = {}) {
    const { clock } = this;
    this.recording = new Recording({ clock, life: "l1", boot: "b", recentMax });
    this.recording.workload = { uid: "u1", name: "me-0", namespace: "default" };
    this.export = new RecordExport({
      clock,
      recording: this.recording,
      send: (line) => this.#receive(line),
    });
  }

  up(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.#line++;
    this.export.onConnected();
  }

  /** Whatever is on its way is lost with it. */
  down(): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    this.export.onDisconnected();
  }

  record(kind: "operation" | "notable" | "plain", count = 1): void {
    for (let n = 0; n < count; n++) {
      const endMs = this.clock.monotonicMs();
      const times = { id: ++this.#id, startMs: endMs - 2, headMs: endMs - 1, endMs };
      if (this.recording.isOn) this.happened[kind]++;
      else this.unrecorded++;
      this.recording.push(recordOf(kind, times));
    }
  }

  exchanges(store: RecordedBatch["store"]) {
    return this.kept[store].flatMap(({ exchanges }) => exchanges);
  }

  gaps(store: RecordedBatch["store"]): Gap[] {
    return this.kept[store].flatMap(({ gaps }) => gaps);
  }

  missing(store: RecordedBatch["store"]): number {
    return this.gaps(store).reduce((sum, { missing }) => sum + missing, 0);
  }

  #receive(line: string): void {
    const onLine = this.#line;
    this.clock.after(1, () => {
      if (!this.#isUp || this.#line !== onLine) return;
      const batch = unpackBatch(JSON.parse(line).batch);
      if (typeof batch === "string") throw new Error(batch);
      this.sent.push(batch);
      if (!this.isAnswering) return;
      const { life, store, from, exchanges } = batch;
      const next = from + exchanges.length;
      const before = this.kept[store].at(-1);
      const isNew = before === undefined || before.from + before.exchanges.length <= from;
      if (isNew) this.kept[store].push(batch);
      this.clock.after(1, () => {
        if (this.#isUp && this.#line === onLine) this.export.onRecorded({ life, store, next });
      });
    });
  }
}

function recordOf(
  kind: "operation" | "notable" | "plain",
  times: Partial<ExchangeRecord>,
): ExchangeRecord {
  switch (kind) {
    case "operation":
      return operationRecord(times);
    case "notable":
      return exchangeRecord({ ...times, status: 503, reason: "no-endpoint", origin: "proxy" });
    case "plain":
      return exchangeRecord(times);
  }
}

describe("records on their way to the control plane", () => {
  test("go out after 200 ms, operations in one stream and all others in another", () => {
    const rig = new Rig();
    rig.up();
    rig.record("operation", 3);
    rig.record("plain");
    rig.clock.advance(199);
    expect(rig.sent).toEqual([]);
    rig.clock.advance(2);
    expect(rig.sent).toMatchObject([
      { store: "whole", from: 1, gaps: [], sampledShare: 1, workload: { name: "me-0" } },
      { store: "sampled", from: 1, gaps: [], sampledShare: 1, life: "l1", boot: "b" },
    ]);
    expect(rig.sent.map(({ exchanges }) => exchanges.length)).toEqual([3, 1]);
    expect(rig.sent[0]!.exchanges[0]).toMatchObject({
      operation: { name: "get", key: "7", parameters: { k: "7" }, replyBody: { text: "a" } },
      front: { caller: "me-0" },
      attempts: [{ endpoint: "kvs-1" }],
    });
    rig.record("operation");
    rig.clock.advance(250);
    expect(rig.kept.whole.map(({ from }) => from)).toEqual([1, 4]);
  });

  test("no batch leaves before the one before it is kept, and that one comes again", () => {
    const rig = new Rig();
    rig.isAnswering = false;
    rig.up();
    rig.record("operation");
    rig.clock.advance(300);
    rig.record("operation");
    rig.clock.advance(5000);
    expect(rig.sent.map(({ from }) => from)).toEqual([1]);
    rig.down();
    rig.isAnswering = true;
    rig.up();
    rig.clock.advance(300);
    expect(rig.sent.map(({ from, exchanges }) => [from, exchanges.length])).toEqual([
      [1, 1],
      [1, 1],
      [2, 1],
    ]);
  });

  test("an acknowledgement of another life says nothing", () => {
    const rig = new Rig();
    rig.isAnswering = false;
    rig.up();
    rig.record("operation");
    rig.clock.advance(300);
    rig.export.onRecorded({ life: "l0", store: "whole", next: 2 });
    rig.record("operation");
    rig.clock.advance(300);
    expect(rig.sent).toHaveLength(1);
  });

  test("what the ring overwrites while there is no line is a gap that holds its times", () => {
    const rig = new Rig({ recentMax: 8 });
    for (let n = 0; n < 20; n++) {
      rig.record("operation");
      rig.clock.advance(10);
    }
    rig.up();
    rig.clock.advance(300);
    expect(rig.exchanges("whole").map(({ id }) => id)).toEqual([13, 14, 15, 16, 17, 18, 19, 20]);
    expect(rig.gaps("whole")).toEqual([{ fromMs: -2, toMs: 110, missing: 12, reason: "overflow" }]);
  });

  test("what comes faster than may be exported is a gap, and all of it is counted", () => {
    const rig = new Rig();
    rig.up();
    for (let ms = 0; ms < 2000; ms++) {
      rig.record("operation", 8);
      rig.clock.advance(1);
    }
    rig.clock.advance(500);
    const exported = rig.exchanges("whole").length;
    expect(exported).toBeGreaterThan(9_900);
    expect(exported).toBeLessThanOrEqual(11_000);
    expect(new Set(rig.gaps("whole").map(({ reason }) => reason))).toEqual(new Set(["rate"]));
    expect(exported + rig.missing("whole")).toBe(16_000);
  });

  test("failures come before successes, and the share of these is said", () => {
    const rig = new Rig();
    rig.up();
    for (let n = 0; n < 100; n++) {
      rig.record("plain", 9);
      rig.record("notable");
      rig.clock.advance(10);
    }
    rig.clock.advance(300);
    const exchanges = rig.exchanges("sampled");
    expect(exchanges.filter(({ reason }) => reason !== null)).toHaveLength(100);
    const plain = exchanges.length - 100;
    expect(plain).toBeGreaterThan(40);
    expect(plain).toBeLessThan(70);
    expect(rig.gaps("sampled")).toEqual([]);
    const estimate = rig.kept.sampled.reduce(
      (sum, { exchanges: all, sampledShare }) =>
        sum + all.filter(({ reason }) => reason === null).length / sampledShare,
      0,
    );
    expect(estimate).toBeCloseTo(900, 6);
  });

  test("times at which recording was off are a gap in both streams", () => {
    const rig = new Rig();
    rig.up();
    rig.recording.set(false);
    rig.record("operation");
    rig.record("plain");
    rig.recording.set(true);
    rig.record("operation");
    rig.record("plain");
    rig.clock.advance(300);
    for (const store of ["whole", "sampled"] as const) {
      expect(rig.gaps(store)).toEqual([{ fromMs: -2, toMs: 0, missing: 2, reason: "off" }]);
      expect(rig.exchanges(store)).toHaveLength(1);
    }
  });

  test("bodies leave before the ring writes over them", () => {
    const rig = new Rig();
    rig.up();
    for (let id = 1; id <= 100; id++) {
      rig.recording.push(operationRecord({ id, replyBody: String(id).padEnd(10_000, "x") }));
      if (id % 10 === 0) rig.clock.advance(2);
    }
    rig.clock.advance(1000);
    const bodies = rig.exchanges("whole").map(({ operation }) => operation!.replyBody);
    expect(bodies).toHaveLength(100);
    expect(bodies.filter((body) => "missing" in body!)).toEqual([]);
  });

  test("a proxy that ends sends all it has, and waits until it is kept", () => {
    const rig = new Rig();
    rig.up();
    rig.record("operation", 1200);
    rig.record("plain", 3);
    let endedMs = -1;
    rig.export.finish(1500, () => (endedMs = rig.clock.monotonicMs()));
    expect(endedMs).toBe(-1);
    rig.clock.advance(100);
    expect(endedMs).toBeGreaterThan(0);
    expect(rig.exchanges("whole").length + rig.missing("whole")).toBe(1200);
    expect(rig.exchanges("sampled")).toHaveLength(3);
  });

  test("it waits for nobody who does not answer, or is not there", () => {
    for (const isUp of [true, false]) {
      const rig = new Rig();
      rig.isAnswering = false;
      if (isUp) rig.up();
      rig.record("operation");
      let endings = 0;
      rig.export.finish(1500, () => endings++);
      expect(endings).toBe(isUp ? 0 : 1);
      rig.clock.advance(1500);
      expect(endings).toBe(1);
    }
    const rig = new Rig();
    rig.isAnswering = false;
    rig.up();
    rig.record("operation");
    rig.clock.advance(10_000);
    let hasEnded = false;
    rig.export.finish(1500, () => (hasEnded = true));
    expect(hasEnded).toBe(true);
  });

  test("a control plane that hangs up on every batch is given longer and longer pauses", () => {
    const rig = new Rig();
    rig.isAnswering = false;
    rig.record("operation");
    const waits: number[] = [];
    for (let n = 0; n < 6; n++) {
      const before = rig.sent.length;
      rig.up();
      const fromMs = rig.clock.monotonicMs();
      for (let n = 0; n < 200 && rig.sent.length === before; n++) rig.clock.advance(100);
      waits.push(Math.round((rig.clock.monotonicMs() - fromMs - 100) / 1000));
      rig.down();
    }
    expect(waits).toEqual([0, 0, 1, 2, 4, 8]);
  });

  test("everything that happened is exported, missing or sampled away, whatever the line does", () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.tuple(fc.constant("record"), fc.nat({ max: 60 })) },
      { weight: 4, arbitrary: fc.tuple(fc.constant("wait"), fc.nat({ max: 400 })) },
      { weight: 1, arbitrary: fc.tuple(fc.constant("down"), fc.constant(0)) },
      { weight: 2, arbitrary: fc.tuple(fc.constant("up"), fc.constant(0)) },
      { weight: 1, arbitrary: fc.tuple(fc.constant("off"), fc.constant(0)) },
      { weight: 2, arbitrary: fc.tuple(fc.constant("on"), fc.constant(0)) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const rig = new Rig({ recentMax: 100 });
        for (const [what, amount] of steps) {
          if (what === "record") {
            rig.record("operation", amount);
            rig.record("notable", amount >> 1);
            rig.record("plain", amount);
          } else if (what === "wait") rig.clock.advance(amount);
          else if (what === "down") rig.down();
          else if (what === "up") rig.up();
          else rig.recording.set(what === "on");
        }
        rig.recording.set(true);
        rig.up();
        rig.clock.advance(400_000);
        rig.record("operation");
        rig.record("notable");
        rig.clock.advance(1000);

        const off = sum(rig.gaps("whole").filter(({ reason }) => reason === "off"));
        const missing = rig.missing("whole") - off;
        const { operation, notable, plain } = rig.happened;
        const isFailure = (exchange: { reason: unknown }) => exchange.reason !== null;
        const failures = rig.exchanges("sampled").filter(isFailure).length;
        const seen = rig.kept.sampled.reduce((all, batch) => {
          const taken = batch.exchanges.filter((each) => !isFailure(each)).length;
          return all + (taken === 0 ? 0 : Math.round(taken / batch.sampledShare));
        }, 0);
        const ids = rig.exchanges("whole").map(({ id }) => id);
        expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
        expect(off).toBe(rig.unrecorded);
        expect(ids.length + missing).toBe(operation);
        expect(failures + rig.missing("sampled") - off).toBe(notable);
        expect(seen).toBeLessThanOrEqual(plain);
        for (const batches of [rig.kept.whole, rig.kept.sampled]) {
          let next = 1;
          for (const batch of batches) {
            expect(batch.from).toBe(next);
            next += batch.exchanges.length;
          }
        }
      }),
      { seed: 5, numRuns: 120 },
    );
  });
});

function sum(gaps: readonly Gap[]): number {
  return gaps.reduce((total, { missing }) => total + missing, 0);
}
