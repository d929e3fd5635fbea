import { describe, expect, test } from "vitest";
import { fuzz, readCorpus } from "./http1.ts";
import { Checker } from "./http1-check.ts";
import { stricter } from "./http1-stricter.ts";

const checker = new Checker();

describe("every file of the corpus holds, cut at every octet", () => {
  test.each([...readCorpus("request"), ...readCorpus("reply")])("$name", ({ name, input }) => {
    for (const method of name.startsWith("reply") ? ["GET", "HEAD"] : [null]) {
      for (let cut = 0; cut < input.length; cut++) {
        expect(checker.check(input, [cut], method)).not.toMatchObject({ kind: "wrong" });
      }
    }
  });
});

describe("each reason for which only we refuse", () => {
  test.each([...stricter])("%s", (detail, { example }) => {
    const method = /^(\r\n)?HTTP\//.test(example) ? "GET" : null;
    expect(checker.check(example, [], method)).toEqual({ kind: "stricter", detail });
  });
});

test("20,000 inputs of a fixed seed: equal however cut, equal when written again, equal to llhttp", () => {
  const { counts, refuted } = fuzz({ seed: 20_260_101, count: 20_000 });
  expect(refuted).toBe(null);
  expect(counts.accepted).toBeGreaterThan(4000);
  expect(counts.refused + counts.stricter).toBeGreaterThan(4000);
});
