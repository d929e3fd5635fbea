import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { expect, test } from "vitest";
import { type SignalFault, Signals } from "./signals.ts";

async function strike(seed: number, kinds: readonly SignalFault[], steps: number) {
  const clock = new VirtualClock();
  const sent: string[] = [];
  const signals = new Signals({
    clock,
    rng: new SeededRng(seed),
    kinds,
    victims: async () => ["kvs-0", "kvs-1", "kvs-2"].map((workload, at) => ({ workload, pid: at })),
    send: (pid, signal) => sent.push(`${pid} ${signal}`),
  });
  signals.start();
  for (let step = 0; step < steps; step++) {
    await new Promise(setImmediate);
    clock.step();
  }
  await new Promise(setImmediate);
  return { signals, sent, clock };
}

test("one seed strikes the same processes at the same times", async () => {
  const first = await strike(7, ["kill", "pause"], 20);
  expect(first.sent.length).toBeGreaterThan(10);
  expect(new Set(first.signals.strikes.map(({ kind }) => kind))).toEqual(
    new Set(["kill", "pause"]),
  );
  expect((await strike(7, ["kill", "pause"], 20)).signals.strikes).toEqual(first.signals.strikes);
  expect((await strike(8, ["kill", "pause"], 20)).signals.strikes).not.toEqual(
    first.signals.strikes,
  );
});

test("whoever was paused goes on: after its time, and at the end at once", async () => {
  for (let steps = 1; steps < 30; steps++) {
    const { signals, sent, clock } = await strike(3, ["pause"], steps);
    signals.stop();
    const stops = sent.filter((each) => each.endsWith("SIGSTOP")).length;
    const goesOn = sent.filter((each) => each.endsWith("SIGCONT")).length;
    expect(goesOn).toBe(stops);
    expect(clock.step()).toBe(false);
  }
});
