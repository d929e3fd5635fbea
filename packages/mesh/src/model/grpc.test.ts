import fc from "fast-check";
import { expect, test } from "vitest";
import { formatGrpcTimeout, isGrpc, parseGrpcTimeout } from "./grpc.ts";

test.each([
  ["application/grpc", true],
  ["application/grpc+proto", true],
  ["application/grpc;charset=utf-8", true],
  ["application/grpc-web", false],
  ["application/grpc-web+proto", false],
  ["application/grpcx", false],
  ["application/json", false],
  [null, false],
])("%s is gRPC: %s", (type, is) => expect(isGrpc(type)).toBe(is));

test.each([
  ["1n", 1e-6],
  ["20u", 0.02],
  ["99999999m", 99_999_999],
  ["3S", 3000],
  ["2M", 120_000],
  ["1H", 3_600_000],
  ["0S", 0],
])("grpc-timeout %s is %d ms", (text, ms) => expect(parseGrpcTimeout(text)).toBeCloseTo(ms, 9));

test.each(["", "S", "1", "1s", "1 S", "-1S", "1.5S", "123456789m", "1SS"])(
  "%j is no grpc-timeout",
  (text) => expect(parseGrpcTimeout(text)).toBeNull(),
);

test("what is written can be read, is no longer than what was meant, and nearly as long", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 3.6e14, noNaN: true }), (ms) => {
      const read = parseGrpcTimeout(formatGrpcTimeout(ms))!;
      expect(read).toBeLessThanOrEqual(ms * (1 + 1e-12));
      expect(read).toBeGreaterThanOrEqual(ms * (1 - 1e-5) - 1e-6);
    }),
  );
  expect(formatGrpcTimeout(-5)).toBe("0n");
});
