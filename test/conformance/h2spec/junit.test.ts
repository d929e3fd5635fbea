import { expect, test } from "vitest";
import { readJunit } from "./junit.ts";

test("reads what passed, what failed and why, and what was skipped", () => {
  const report = `<testsuites>
    <testsuite name="5.1. Stream States" package="http2/5.1" id="5.1" tests="3">
      <testcase package="http2/5.1" classname="idle: Sends a DATA frame" time="0.0019"></testcase>
      <testcase package="http2/5.1" classname="a &#34;b&#34; &lt;c&gt;" time="0.1">
        <failure>GOAWAY Frame (Error Code: PROTOCOL_ERROR)&#xA;Connection closed</failure>
      </testcase>
    </testsuite>
    <testsuite package="http2/5.1.2"><testcase package="http2/5.1.2" classname="d"><skipped></skipped></testcase></testsuite>
  </testsuites>`;
  expect(readJunit(report)).toEqual([
    { name: "http2/5.1/1: idle: Sends a DATA frame", verdict: "passed", detail: "" },
    {
      name: 'http2/5.1/2: a "b" <c>',
      verdict: "failed",
      detail: "GOAWAY Frame (Error Code: PROTOCOL_ERROR) Connection closed",
    },
    { name: "http2/5.1.2/1: d", verdict: "skipped", detail: "skipped by h2spec" },
  ]);
});
