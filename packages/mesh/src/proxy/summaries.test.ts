import { expect, test } from "vitest";
import { VirtualClock } from "../base/virtual-clock.ts";
import { Summaries } from "./summaries.ts";

test("are sent every second while they change, and every ten seconds while they do not", () => {
  const clock = new VirtualClock();
  let version = 1;
  let sent = 0;
  const summaries = new Summaries(
    clock,
    () => version,
    () => sent++,
  );
  summaries.start();
  clock.advance(1000);
  expect(sent).toBe(1);
  clock.advance(9000);
  expect(sent).toBe(1);
  clock.advance(1000);
  expect(sent).toBe(2);
  for (; version < 6; version++) clock.advance(1000);
  expect(sent).toBe(6);
  summaries.close();
  version++;
  clock.advance(60_000);
  expect(sent).toBe(6);
});
