import fc from "fast-check";
import { expect, test } from "vitest";
import { fromBase64, toBase64 } from "./base64.ts";

test("is what everybody else's is, of any part of a buffer, and comes back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (octets, most) => {
      const length = Math.min(most, octets.length);
      const text = toBase64(octets, length);
      expect(text).toBe(Buffer.from(octets.subarray(0, length)).toString("base64"));
      expect(fromBase64(text)).toBe(Buffer.from(octets.subarray(0, length)).toString("latin1"));
    }),
    { seed: 64 },
  );
});

test.each(["*", "A", "AA=A", "é", "AAAA="])("%j is none", (text) => {
  expect(fromBase64(text)).toBeNull();
});
