import { expect, test } from "vitest";
import { fuzz } from "./http2.ts";

test("2,000 conversations of a fixed seed, whole and broken: equal however cut, bounded, equal to node:http2", async () => {
  const { broken, whole, compared, refuted } = await fuzz({ seed: 9113, count: 2000 });
  expect(refuted).toBe(null);
  expect(broken).toBe(1600);
  expect(whole).toBe(400);
  expect(compared).toBe(100);
});
