import { expect, test } from "vitest";
import { placement, process, service } from "./evidence.fixture.ts";
import { intentOver } from "./intent.ts";
import { Timeline } from "./timeline.ts";

test("each revision is undone: what was made is not there before, what was deleted is, what was changed is as it was", () => {
  const [kvs, kept] = [service("kvs"), process("kvs", 3)];
  const states = intentOver(
    [kvs, kept],
    [
      { atWallMs: 100, changes: [{ before: null, after: kvs }] },
      { atWallMs: 300, changes: [{ before: placement(), after: null }] },
      { atWallMs: 200, changes: [{ before: process("kvs", 2), after: kept }] },
    ],
  );
  const seen = states.map(({ fromWallMs, resources }) => [
    fromWallMs,
    resources
      .map(({ kind, spec }) => `${kind} ${(spec as { replicas?: number }).replicas ?? ""}`)
      .sort(),
  ]);
  expect(seen).toEqual([
    [0, ["Placement ", "Process 2"]],
    [100, ["Placement ", "Process 2", "Service "]],
    [200, ["Placement ", "Process 3", "Service "]],
    [300, ["Process 3", "Service "]],
  ]);
});

test("before anything was meant to run there is no state that could change", () => {
  const [kvs, runs] = [service("kvs"), process("kvs")];
  const states = intentOver(
    [kvs, runs],
    [{ atWallMs: 100, changes: [{ before: null, after: runs }] }],
  );
  expect(states).toEqual([{ fromWallMs: 100, resources: [kvs, runs] }]);
});

test("an object that was changed keeps its age", () => {
  const now = { ...service("kvs") };
  const aged = { ...now, metadata: { ...now.metadata, creationTimestamp: "2026-01-01T00:00:00Z" } };
  const [before] = intentOver(
    [aged as typeof now],
    [{ atWallMs: 1, changes: [{ before: service("kvs", "other"), after: now }] }],
  );
  expect(before!.resources[0]!.metadata.creationTimestamp).toBe("2026-01-01T00:00:00Z");
});

test("a period is judged from when everybody has heard of it until it ends; the first one from the start", () => {
  const intent = [0, 100, 200].map((fromWallMs) => ({ fromWallMs, resources: [] }));
  const values = ["a", "a", "b"];
  const timeline = new Timeline(
    { intent, settleMs: 50 },
    ({ fromWallMs }) => values[fromWallMs / 100],
  );
  expect(timeline.periods.map(({ value }) => value)).toEqual(["a", "b"]);
  expect(timeline.during(-10, 199)?.value).toBe("a");
  expect(timeline.during(190, 200)).toBe(null);
  expect(timeline.during(249, 260)).toBe(null);
  expect(timeline.during(250, 260)?.value).toBe("b");
});
