import { expect, test } from "vitest";
import { IdleLimit } from "./idle-limit.ts";

test("holds the default until something was learned", () => {
  expect(new IdleLimit(3000).limitMs(0)).toBe(3000);
});

test("stays a fifth below what the server announced", () => {
  const limit = new IdleLimit(3000);
  limit.announce(5000);
  expect(limit.limitMs(0)).toBe(4000);
});

test("stays a fifth below the youngest age at which the server was seen to close", () => {
  const limit = new IdleLimit(3000);
  limit.observeClose(2000, 0);
  limit.observeClose(2500, 10);
  expect(limit.limitMs(20)).toBe(1600);
});

test("forgets an age after a minute: it may have been a restart", () => {
  const limit = new IdleLimit(3000);
  limit.observeClose(2000, 0);
  expect(limit.limitMs(60_000)).toBe(3000);
});

test("takes a close right after the exchange for no limit at all", () => {
  const limit = new IdleLimit(3000);
  limit.observeClose(50, 0);
  expect(limit.limitMs(1)).toBe(3000);
});
