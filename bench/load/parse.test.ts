import { expect, test } from "vitest";
import { parseRate } from "./h2load.ts";
import { faultOf } from "./result.ts";
import { parseWrk } from "./wrk.ts";

const wrkSaid = `Running 1s test @ http://127.0.0.1:1/
@{"requests":1000,"bytes":1110000,"durationUs":500000,"p50Us":280,"p99Us":1400,"errors":0,"statuses":0}
`;

test("wrk's report becomes requests per second and milliseconds", () => {
  const result = parseWrk(wrkSaid, 32);
  expect(result).toMatchObject({
    requests: 1000,
    requestsPerSecond: 2000,
    p50Ms: 0.28,
    p99Ms: 1.4,
  });
});

test("wrk without its report is an error, not a zero", () => {
  expect(() => parseWrk("unable to connect", 32)).toThrow("no report");
});

test("a window is sound when its bytes are those of its answers, give or take what was under way", () => {
  expect(faultOf(parseWrk(wrkSaid, 32), 1110)).toBeNull();
  expect(faultOf(parseWrk(wrkSaid, 32), 1100)).toBeNull(); // 10,000 more: 9 cut-off answers
});

test.each([
  ["a byte less in each answer", wrkSaid, 1111],
  ["more bytes than 32 cut-off answers explain", wrkSaid, 1070],
  ["one wrong status", wrkSaid.replace('"statuses":0', '"statuses":1'), 1110],
  ["one lost connection", wrkSaid.replace('"errors":0', '"errors":1'), 1110],
  ["no answer at all", wrkSaid.replace('"requests":1000', '"requests":0'), 1110],
])("%s voids the round", (_, said, answerBytes) => {
  expect(faultOf(parseWrk(said, 32), answerBytes)).not.toBeNull();
});

const summary = "requests: 5 total, 5 started, 5 done, 5 succeeded, 0 failed, 0 errored, 0 timeout";

test("a fixed-rate log counts what started after the warm-up", () => {
  const log = "1000000\t200\t9000\n1200000\t200\t1000\n1300000\t200\t2000\n1400000\t200\t3000\n";
  const result = parseRate(summary, log, 32);
  expect(result).toMatchObject({ requests: 4, failures: 0, p50Ms: 2, p99Ms: 3 });
  expect(result.requestsPerSecond).toBeCloseTo(3 / 0.2);
});

test("one row with another status voids a fixed-rate round, and so does a summary that cannot be read", () => {
  expect(parseRate(summary, "1\t200\t5\n2\t503\t5\n", 32).failures).toBe(1);
  expect(parseRate("", "1\t200\t5\n", 32).failures).toBe(1);
});
