import { describe, expect, test } from "vitest";
import { renderOutcomes, reportOutcomes } from "./report.ts";
import { type CaseResult, objections, type SuiteOutcome } from "./suite.ts";

const passed = (name: string): CaseResult => ({ name, verdict: "passed", detail: "" });
const skipped = (name: string): CaseResult => ({ name, verdict: "skipped", detail: "no tool" });

function outcome(changes: Partial<SuiteOutcome>): SuiteOutcome {
  const expectation = { expected: 2, allowedSkips: { b: "b has no meaning here" } };
  return { name: "s", title: "", expectation, results: [], notRun: null, ...changes };
}

describe("a suite is met", () => {
  test("by as many cases as expected that pass or may be skipped", () => {
    expect(objections(outcome({ results: [passed("a"), skipped("b")] }))).toEqual([]);
  });

  test("not by one that failed", () => {
    const results: CaseResult[] = [passed("a"), { name: "b", verdict: "failed", detail: "reset" }];
    expect(objections(outcome({ results }))).toEqual(["failed: b: reset"]);
  });

  test("not by one that was skipped and may not be", () => {
    expect(objections(outcome({ results: [skipped("a"), passed("b")] }))).toEqual([
      "skipped, and may not be: a: no tool",
    ]);
  });

  test("not by fewer cases, nor by more", () => {
    expect(objections(outcome({ results: [passed("a")] }))).toEqual([
      "1 cases ran, 2 were expected",
    ]);
    expect(objections(outcome({ results: [passed("a"), passed("b"), passed("c")] }))).toEqual([
      "3 cases ran, 2 were expected",
    ]);
  });

  test("not where its toolchain is missing: all its cases count as skipped", () => {
    const missing = outcome({ notRun: "go is not installed" });
    expect(objections(missing)).toEqual(["not run: go is not installed"]);
    expect(reportOutcomes([missing])).toEqual({
      suites: [{ name: "s", expected: 2, passed: 0, failed: 0, skipped: 2, allowedSkips: ["b"] }],
    });
  });
});

test("the table shows counts, and why a suite is not met", () => {
  const text = renderOutcomes([
    outcome({ results: [passed("a"), passed("b")] }),
    outcome({ name: "t", results: [passed("a"), { name: "b", verdict: "failed", detail: "no" }] }),
  ]);
  expect(text).toMatch(/^✔ {2}s +2 +0 +0 +2/m);
  expect(text).toMatch(/^✘ {2}t +1 +1 +0 +2/m);
  expect(text).toContain("t:\n  failed: b: no\n");
});
