import { setFlagsFromString } from "node:v8";
import { runInThisContext } from "node:vm";
import { expect, test } from "vitest";
import { Rig, sendBody } from "./harness.ts";

setFlagsFromString("--allow-natives-syntax");
const haveSameMap = runInThisContext("(a, b) => %HaveSameMap(a, b)") as (
  a: object,
  b: object,
) => boolean;

/** An object that gains a field on its way makes every access to its kind slower, for ever. */
test("exchanges, attempts' records and waits leave all exchanges of one shape", () => {
  const rig = new Rig({ endpoints: 2, requestTimeoutMs: 1000 });
  const plain = rig.ask().exchange;
  rig.server.open();
  rig.server.reply(200, "x");
  const failed = rig.ask({ method: "PUT", length: "chunked" }).exchange;
  sendBody(failed, "abc");
  failed.onRequestEnd(null);
  rig.clock.advance(2000);
  const gone = rig.ask({ method: "POST" }).exchange;
  gone.onRequestFailed("client-gone", "gone");
  expect(rig.records).toHaveLength(3);
  expect(haveSameMap(plain, failed)).toBe(true);
  expect(haveSameMap(plain, gone)).toBe(true);
  expect(haveSameMap(rig.records[0]!, rig.records[1]!)).toBe(true);
  expect(haveSameMap(plain, rig.records[0]!)).toBe(false); // the question is understood
});
