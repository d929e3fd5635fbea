import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { interopCases, negativeCases } from "./grpc/suite.ts";
import { realCases } from "./real/cases.ts";
import { http2Vectors } from "./smuggling/http2-vectors.ts";
import { replyVectors } from "./smuggling/reply-vectors.ts";
import { http1Vectors } from "./smuggling/request-vectors.ts";
import { expectationOf, suites } from "./suites.ts";
import { upstreamCases } from "./traffic/cases/upstream.ts";
import { trafficLists } from "./traffic/suite.ts";

const expected = (name: string): number =>
  expectationOf(suites.find((suite) => suite.name === name)!).expected;

test("as many cases are expected as the lists have", () => {
  expect(expected("grpc")).toBe(interopCases.length + negativeCases.length);
  expect(expected("smuggling-h1-h1")).toBe(http1Vectors.length + 2);
  expect(expected("smuggling-h1-h2")).toBe(http1Vectors.length);
  expect(expected("smuggling-h2-h1")).toBe(http2Vectors.length);
  expect(expected("smuggling-replies-h1")).toBe(replyVectors.length + 1);
  expect(expected("real")).toBe(realCases.length);
  expect(expected("checklist")).toBe(60);
  for (const { name, cases } of trafficLists) expect(expected(name)).toBe(cases.length);
  expect(expected("gamma-captured")).toBe(upstreamCases.length);
});

test("every suite is in docs/conformance.md, and whatever may be skipped, too", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/conformance.md"), "utf8");
  for (const suite of suites) {
    expect(page).toContain(`\`${suite.name}\``);
    for (const skipped of Object.keys(expectationOf(suite).allowedSkips))
      expect(page).toContain(`\`${skipped}\``);
  }
});

test("no name of a case comes twice", () => {
  const traffic = trafficLists.map(({ cases }) => cases);
  for (const list of [http1Vectors, http2Vectors, replyVectors, realCases, ...traffic]) {
    const names = list.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  }
});
