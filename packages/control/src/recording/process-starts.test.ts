import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import type { ProcessStart } from "@heddle/mesh/history/batch.ts";
import { expect, test } from "vitest";
import type { Observed, ProcessObserved } from "../host/link.ts";
import { ProcessStarts } from "./process-starts.ts";

const running = (startedMs: number | null, restarts = 0): ProcessObserved => ({
  phase: "running",
  ready: true,
  pid: 1,
  restarts,
  reason: null,
  sinceWallMs: 0,
  startedMs,
});
const observed = (...apps: readonly (readonly [string, ProcessObserved | null])[]): Observed => ({
  type: "observed",
  workloads: apps.map(([uid, app]) => ({ uid, app, proxy: null, isOutdated: false, ports: {} })),
});

test("each start is told once, as soon as it is known whose it is", () => {
  const clock = new VirtualClock();
  const named = new Set(["a"]);
  const told: ProcessStart[] = [];
  const starts = new ProcessStarts({
    clock,
    boot: "boot",
    workloadOf: (uid) => (named.has(uid) ? { uid, name: `${uid}-0`, namespace: "default" } : null),
    onStart: (start) => told.push(start),
  });
  const shown = () =>
    told.splice(0).map(({ workload, atMs, restarts }) => [workload.name, atMs, restarts]);
  starts.observe(observed(["a", running(5)], ["b", running(6)], ["g", null]));
  starts.observe(observed(["a", running(5)], ["b", running(null)]));
  expect(shown()).toEqual([["a-0", 5, 0]]);
  named.add("b");
  starts.observe(observed(["a", running(9, 1)], ["b", running(6)]));
  expect(shown()).toEqual([
    ["a-0", 9, 1],
    ["b-0", 6, 0],
  ]);
  starts.observe(observed(["a", running(9, 1)]));
  expect(shown()).toEqual([]);
  const [offset] = [clock.wallMs() - clock.monotonicMs()];
  starts.observe(observed(["b", running(6)]));
  expect(told[0]?.wallMs).toBe(Math.round(offset + 6));
});
