import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { expect, test } from "vitest";
import { type ProbeResult, probeExec, probeHttp } from "./probe.ts";
import { Prober } from "./prober.ts";

const probe = { periodMs: 1000, timeoutMs: 500, failureThreshold: 3, successThreshold: 2 };

/** A prober whose process answers with `results`, one after the other; says when it was asked and what it told. */
async function probing(results: readonly ProbeResult[], isOnce = false) {
  const clock = new VirtualClock();
  const asked: number[] = [];
  const told: string[] = [];
  const prober = new Prober({
    probe,
    isOnce,
    clock,
    ask: async () => {
      asked.push(Math.round(clock.monotonicMs()));
      return results[asked.length - 1] ?? null;
    },
    onResult: (ready, reason) => void told.push(ready ? "ready" : (reason ?? "")),
  });
  for (let round = 0; round < results.length + 2; round++) {
    await Promise.resolve();
    await Promise.resolve();
    clock.step();
  }
  prober.close();
  return { asked, told };
}

test("a process that starts is asked often, one that is ready each period", async () => {
  const no = "connection refused";
  const { asked } = await probing([no, no, null, null, null]);
  expect(asked.slice(0, 6)).toEqual([0, 50, 125, 238, 1238, 2238]);
});

test("thresholds count answers in a row", async () => {
  const { told } = await probing([null, null, "a", "b", null, "c", "d", "e", null, null]);
  expect(told).toEqual(["ready", "readiness: e", "ready"]);
});

test("where nobody asked for a probe, the first success is the last question", async () => {
  const { asked } = await probing(["no", null, null, null, null], true);
  expect(asked.length).toBe(3);
});

test.each([
  [
    "a path that HTTP does not know",
    () => probeHttp({ port: 1, path: "/a b", isTls: false }, 100),
    "unescaped characters",
  ],
  [
    "a word that no program can be given",
    () => probeExec({ command: ["a\0"], cwd: "/", env: {} }, 100),
    "null bytes",
  ],
])("%s is a no", async (_, ask, words) => {
  const reason = await new Promise((resolve) => {
    const prober = new Prober({
      probe,
      ask,
      isOnce: true,
      clock: new VirtualClock(),
      onResult: (_ready, why) => {
        prober.close();
        resolve(why);
      },
    });
  });
  expect(reason).toContain(words);
});
