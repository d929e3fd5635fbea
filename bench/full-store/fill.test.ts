import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { checkNumbering } from "@heddle/mesh/check/numbering.ts";
import { Findings } from "@heddle/mesh/check/report.ts";
import { checkAddressing } from "@heddle/mesh/history/addressing.ts";
import { historiesOf } from "@heddle/mesh/history/histories.ts";
import { expect, test } from "vitest";
import { fill } from "./fill.ts";

const shape = {
  exchanges: 2000,
  untilMs: 100_000,
  spanMs: 60_000,
  batch: 7,
  boot: "b",
  wallOffsetMs: 1_000_000,
  uidOf: (name: string) => `uid-${name}`,
};

test("what a store is filled with is what proxies would have sent: all of it, numbered, each message at both ends", () => {
  const batches = [...fill(new SeededRng(1), shape)];
  const exchanges = batches.flatMap((batch) => batch.exchanges);
  expect(exchanges.length).toBe(2000);
  expect(new Set(exchanges.map(({ service }) => service)).size).toBe(3);
  const findings = new Findings("addressing", "", "");
  checkNumbering(batches, findings);
  expect(findings.report().broken).toBe(0);
  const report = checkAddressing(historiesOf(batches), { nowWallMs: 2_000_000 });
  expect(report).toMatchObject({ verdict: "holds", violations: [], lost: [], unexplained: [] });
  expect([...fill(new SeededRng(1), shape)]).toEqual(batches);
});
