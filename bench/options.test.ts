import { expect, test } from "vitest";
import { choose, parseOptions } from "./options.ts";

const names = {
  scenarios: ["one-hop-plain/small/closed", "two-hop-mtls/ten/rate", "memory/two-hop-mtls"],
  subjects: ["heddle", "haproxy-ring", "nginx"],
};

test("without --only everything runs", () => {
  expect(choose([], names)).toEqual({
    scenarios: new Set(names.scenarios),
    subjects: new Set(names.subjects),
  });
});

test("a word chooses among the names it is part of and leaves the other kind whole", () => {
  expect(choose(["memory"], names)).toEqual({
    scenarios: new Set(["memory/two-hop-mtls"]),
    subjects: new Set(names.subjects),
  });
  expect(choose(["heddle", "haproxy", "/closed"], names)).toEqual({
    scenarios: new Set(["one-hop-plain/small/closed"]),
    subjects: new Set(["heddle", "haproxy-ring"]),
  });
});

test("a word that names nothing is said, not ignored", () => {
  expect(() => choose(["envoy"], names)).toThrow('nothing is named "envoy"');
});

test("a full run has 15 rounds, a million requests and 10 GB; --quick has less of each", () => {
  expect(parseOptions([])).toMatchObject({
    rounds: 15,
    manyRequests: 1_000_000,
    streamBytes: 1e10,
    settleSeconds: 10,
  });
  expect(parseOptions(["--quick", "--only", "a,b", "--json", "f"])).toMatchObject({
    rounds: 3,
    streamBytes: 1e9,
    only: ["a", "b"],
    jsonFile: "f",
  });
});

test.each([["--rounds=0"], ["--rounds=x"], ["--fast"]])("%s is refused", (argument) => {
  expect(() => parseOptions([argument])).toThrow();
});
