import { expect, test } from "vitest";
import { parseOpenLoop } from "./open-loop.ts";
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

const openLoopSaid =
  '{"requests":1000,"seconds":0.900,"p50Ms":0.2,"p99Ms":1.5,"p999Ms":3,"maxMs":4}\n';

test("the open crowd's report is its rate and its latencies", () => {
  const result = parseOpenLoop(openLoopSaid, 32);
  expect(result).toMatchObject({ requests: 1000, failures: 0, p50Ms: 0.2, p99Ms: 1.5 });
  expect(result.requestsPerSecond).toBeCloseTo(1000);
});

test("an open crowd without its report is an error, not a zero", () => {
  expect(() => parseOpenLoop("answered HTTP/1.1 503", 32)).toThrow("no report");
});
