import { describe, expect, test } from "vitest";
import type { FaultDoc } from "../model/document.ts";
import { FaultDraws } from "./fault.ts";

const doc = (changes: Partial<FaultDoc> = {}): FaultDoc => ({
  name: "default/slow",
  seed: 7,
  callers: null,
  delay: { share: 0.3, delayMs: 50 },
  reset: { share: 0.2 },
  ...changes,
});
const drawn = (of: FaultDoc, caller: string, count = 5000) => {
  const draws = new FaultDraws(of, caller);
  return Array.from({ length: count }, () => draws.next());
};

describe("a fault", () => {
  test("strikes the same requests for the same seed and caller, and others for others", () => {
    expect(drawn(doc(), "a")).toEqual(drawn(doc(), "a"));
    expect(drawn(doc(), "a")).not.toEqual(drawn(doc(), "b"));
    expect(drawn(doc(), "a")).not.toEqual(drawn(doc({ seed: 8 }), "a"));
  });

  test("delays and resets their shares, of resets half before and half after", () => {
    const all = drawn(doc(), "a", 20_000);
    const share = (count: number) => count / all.length;
    expect(share(all.filter((strike) => strike?.delayMs === 50).length)).toBeCloseTo(0.3, 1);
    const before = share(all.filter((strike) => strike?.reset === "before").length);
    const after = share(all.filter((strike) => strike?.reset === "after").length);
    expect(before).toBeCloseTo(0.1, 1);
    expect(after).toBeCloseTo(0.1, 1);
    expect(before).toBeGreaterThan(0.09);
    expect(after).toBeGreaterThan(0.09);
  });

  test("leaves the resets where they were when its delay changes", () => {
    const resets = (of: FaultDoc) => drawn(of, "a").map((strike) => strike?.reset ?? null);
    expect(resets(doc({ delay: null }))).toEqual(resets(doc()));
    expect(resets(doc({ delay: { share: 1, delayMs: 9 } }))).toEqual(resets(doc()));
  });

  test("of no share strikes nobody, of every request all", () => {
    const never = doc({ delay: { share: 0, delayMs: 50 }, reset: { share: 0 } });
    expect(drawn(never, "a").every((strike) => strike === null)).toBe(true);
    const always = doc({ reset: { share: 1 } });
    expect(drawn(always, "a").every((strike) => strike?.reset)).toBe(true);
  });
});
