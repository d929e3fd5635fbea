import fc from "fast-check";
import { expect, test } from "vitest";
import { arbitraryRecord, exchangeRecord } from "../../test/support/records.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import { packBatch } from "../history/packed-batch.ts";
import { PackedWriter } from "../history/packed-writer.ts";
import { ExchangeWriter } from "./exchange-writer.ts";
import { lastAttempt } from "./last-attempt.ts";
import { LeavingValues } from "./leaving-values.ts";
import { packRecord } from "./pack-record.ts";
import { Recording } from "./recording.ts";

const values = new LeavingValues();
const written = new ExchangeWriter(values);

test("a record is packed as what is written of it would be, whatever it is and was packed before", () => {
  const writer = new PackedWriter();
  const earlier = [1, 2].map((ordinal) => lastAttempt(exchangeRecord({ ordinal }))!);
  const record = fc
    .tuple(arbitraryRecord, fc.constantFrom(null, earlier, []))
    .map(([one, before]) => Object.assign(one, { earlier: before }));
  fc.assert(
    fc.property(fc.array(record, { maxLength: 6 }), (records) => {
      for (const one of records) packRecord(writer, one, { workload: "me-0", values });
      const exchanges = records.map((one) => written.write(one, "me-0"));
      const recording = new Recording({
        clock: new VirtualClock(),
        life: "l",
        boot: "b",
        recentMax: 1,
      });
      const header = recording.header({ store: "whole", from: 1, gaps: [], sampledShare: 1 });
      expect({ ...header, ...writer.take() }).toEqual(packBatch({ ...header, exchanges }));
    }),
    { seed: 6, numRuns: 300 },
  );
});

test("a writer counts what it holds, and begins anew once that is taken", () => {
  const writer = new PackedWriter();
  expect([writer.count, writer.length]).toEqual([0, 0]);
  packRecord(writer, exchangeRecord({ path: "x".repeat(300_000) }), { workload: "me-0", values });
  expect(writer.count).toBe(1);
  expect(writer.length).toBeGreaterThan(300_000);
  const { packed } = writer.take();
  expect([writer.count, writer.length]).toEqual([0, 0]);
  packRecord(writer, exchangeRecord({ path: "x".repeat(300_000) }), { workload: "me-0", values });
  expect(writer.take().packed).toBe(packed);
});
