import { expect, test } from "vitest";
import { fuzz, untranslatable } from "./translate.ts";

test("10,000 messages of HTTP/1.1 of a fixed seed go over HTTP/2 and come back as they were", () => {
  const summary = fuzz({ seed: 9113, count: 10_000 });
  expect(summary.refuted).toBe(null);
  expect(summary.translated).toBeGreaterThan(2500);
  for (const detail of summary.untranslatable.keys()) expect(untranslatable).toContain(detail);
});
