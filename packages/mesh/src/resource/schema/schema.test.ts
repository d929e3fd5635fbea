import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withDefaults } from "./defaults.ts";
import { parseDurationMs } from "./formats.ts";
import { isIpAddress } from "./ip.ts";
import { inertFields } from "./notes.ts";
import { formatPath } from "./path.ts";
import { formatProblem, Problems } from "./problem.ts";
import {
  anything,
  boolean,
  defaulted,
  inert,
  integer,
  intOrText,
  list,
  map,
  object,
  oneOf,
  required,
  type Schema,
  text,
} from "./schema.ts";
import { suggest } from "./suggest.ts";
import { validate } from "./validate.ts";

function problemsOf(schema: Schema, value: unknown): readonly string[] {
  const problems = new Problems();
  validate(schema, value, problems);
  return problems.found.map(formatProblem);
}

describe("validation", () => {
  const schema = object(
    {
      name: required(text({ minLength: 1, maxLength: 5, pattern: /^[a-z]+$/, words: "letters" })),
      mode: oneOf("fast", "slow"),
      count: integer({ minimum: 0, maximum: 9 }),
      isOn: boolean(),
      port: intOrText(),
      tags: list(object({ key: required(text()) }), { maxItems: 2, uniqueBy: ["key"] }),
      labels: map(text(), { keys: text({ maxLength: 3 }) }),
      rest: anything(),
    },
    ({ mode, count }, problems) => {
      if (mode === "fast" && (count ?? 0) > 5) problems.add("expected <= 5 in mode fast", "count");
    },
  );

  test("accepts what fits, null standing for nothing", () => {
    const value = {
      name: "abc",
      mode: "fast",
      count: 5,
      isOn: false,
      port: "http",
      tags: [{ key: "a" }],
      labels: { a: "b" },
      rest: [1, { a: null }],
    };
    expect(problemsOf(schema, value)).toEqual([]);
    expect(problemsOf(schema, { name: "a", mode: null, tags: null })).toEqual([]);
  });

  test("finds everything at once, each at its path", () => {
    const value = {
      mode: "fsat",
      count: "three",
      isOn: "yes",
      port: 1.5,
      tags: [{ key: "a" }, { key: "a" }],
      labels: { abcd: 1 },
      extra: 1,
    };
    expect(problemsOf(schema, value)).toEqual([
      "extra: unknown field",
      "name: required",
      'mode: expected fast, slow, got "fsat"; did you mean "fast"?',
      'count: expected a whole number >= 0, got "three"',
      'isOn: expected true or false, got "yes"',
      "port: expected a whole number or a name, got 1.5",
      'tags[1].key: "a" is there already, at [0]',
      "labels.abcd: expected at most 3 characters, got 4",
      "labels.abcd: expected text, got 1",
    ]);
  });

  test("names the bound that was missed", () => {
    expect(problemsOf(schema, { name: "a", count: 10 })).toEqual([
      "count: expected a whole number <= 9, got 10",
    ]);
    expect(problemsOf(schema, { name: "" })).toEqual([
      "name: expected at least 1 character, got 0",
    ]);
    expect(problemsOf(schema, { name: "A" })).toEqual(['name: expected letters, got "A"']);
  });

  test("a rule runs only where what it reads is well-formed", () => {
    expect(problemsOf(schema, { name: "a", mode: "fast", count: 6 })).toEqual([
      "count: expected <= 5 in mode fast",
    ]);
    expect(problemsOf(schema, { name: "a", mode: "fast", count: 60 })).toHaveLength(1);
  });

  test("a misspelt field is one mistake, not two", () => {
    expect(problemsOf(schema, { nmae: "a" })).toEqual([
      'nmae: unknown field; did you mean "name"?',
    ]);
  });

  test("a name of Object's own is no field", () => {
    const value = JSON.parse('{"name": "a", "__proto__": {}, "toString": 1}') as unknown;
    expect(problemsOf(schema, value)).toEqual([
      "__proto__: unknown field",
      "toString: unknown field",
    ]);
  });

  test("never throws, and says nothing of what it accepts", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(Array.isArray(problemsOf(schema, value))).toBe(true);
      }),
      { seed: 3 },
    );
  });
});

test("defaults are filled in all the way down, and nulls dropped", () => {
  const schema = object({
    rules: defaulted(list(object({ weight: defaulted(integer(), 1), name: text() })), [{}]),
    mode: defaulted(oneOf("a", "b"), "a"),
    more: object({ deep: defaulted(boolean(), true) }),
  });
  expect(withDefaults(schema, {})).toEqual({ rules: [{ weight: 1 }], mode: "a" });
  const given = { rules: [{ name: "x" }, { weight: 0 }], mode: null, more: {} };
  expect(withDefaults(schema, given)).toEqual({
    rules: [{ name: "x", weight: 1 }, { weight: 0 }],
    mode: "a",
    more: { deep: true },
  });
  expect(given.rules[0]).toEqual({ name: "x" });
});

test("fields that are not acted on are noted once, unless they say what is so anyway", () => {
  const schema = object({
    session: inert(defaulted(oneOf("none", "sticky"), "none")),
    tls: inert(object({ mode: text() })),
    list: list(object({ node: inert(integer()) })),
  });
  const notes = (value: unknown) => inertFields(schema, value).map(({ path }) => formatPath(path));
  expect(notes({ session: "none" })).toEqual([]);
  expect(notes({ session: "sticky", tls: { mode: "x" }, list: [{}, { node: 1 }] })).toEqual([
    "session",
    "tls",
    "list[1].node",
  ]);
});

test("paths quote what is no plain name", () => {
  expect(formatPath(["spec", "rules", 0, "name"])).toBe("spec.rules[0].name");
  expect(formatPath(["metadata", "labels", "a.b/c"])).toBe('metadata.labels["a.b/c"]');
  expect(formatPath([])).toBe("");
});

test("suggests what is one slip away, and nothing that is far", () => {
  expect(suggest("comand", ["replicas", "command"])).toBe("command");
  expect(suggest("Replicas", ["replicas"])).toBe("replicas");
  expect(suggest("kvz", ["kvs", "kvx2"])).toBe("kvs");
  expect(suggest("prots", ["ports", "protocol"])).toBe("ports");
  expect(suggest("x", ["command"])).toBeNull();
  expect(suggest("port", [])).toBeNull();
});

test("durations add up (GEP-2257)", () => {
  expect(parseDurationMs("1h1m1s1ms")).toBe(3_661_001);
  expect(parseDurationMs("500ms")).toBe(500);
  expect(parseDurationMs("0s")).toBe(0);
  for (const bad of ["", "1", "1d", "-1s", "1.5s", "100000s", "1s1s1s1s1s"]) {
    expect(parseDurationMs(bad)).toBeNull();
  }
});

test("tells IP addresses from other texts", () => {
  for (const good of [
    "127.0.0.1",
    "::",
    "::1",
    "2001:db8::1",
    "::ffff:10.0.0.1",
    "1:2:3:4:5:6:7:8",
  ]) {
    expect(isIpAddress(good), good).toBe(true);
  }
  for (const bad of [
    "",
    "1.2.3",
    "01.2.3.4",
    "256.1.1.1",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "::1%lo",
    "::10.0.0.1.1",
  ]) {
    expect(isIpAddress(bad), bad).toBe(false);
  }
});
