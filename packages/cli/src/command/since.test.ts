import { expect, test } from "vitest";
import { parseSince } from "./since.ts";

test("a length of time is counted back from now, a moment is itself, nothing is all", () => {
  expect(parseSince("10m", 1_000_000)).toBe(400_000);
  expect(parseSince("2s", 5_000)).toBe(3_000);
  expect(parseSince("1970-01-01T00:00:01Z", 9)).toBe(1_000);
  expect(parseSince(undefined, 9)).toBe(null);
  expect(() => parseSince("soon", 9)).toThrow("--since soon");
});
