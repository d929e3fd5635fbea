import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LinearPattern } from "./pattern/forms.ts";
import { LinearMachine } from "./pattern/linear.ts";
import { compileProgram } from "./pattern/program.ts";
import { isFault, parsePattern } from "./pattern/syntax.ts";
import { isPatternFault, type Pattern, readPattern } from "./pattern.ts";

function read(text: string, anchor: "full" | "start" = "full"): Pattern {
  const pattern = readPattern(text, anchor);
  if (isPatternFault(pattern)) throw new Error(`${text}: ${pattern.message} at ${pattern.at}`);
  return pattern;
}

describe("a pattern is lowered to", () => {
  test.each([
    ["/a/b", "full", "literal", "/a/b"],
    ["^/a\\.b$", "full", "literal", "/a.b"],
    ["", "full", "literal", ""],
    ["a{3}(?:b)", "full", "literal", "aaab"],
    ["/a$", "start", "literal", "/a"],
    ["/a/.*", "full", "prefix", "/a/"],
    ["/a", "start", "prefix", "/a"],
    ["/a.*?", "start", "prefix", "/a"],
    [".*", "full", "prefix", ""],
    ["", "start", "prefix", ""],
    ["/users/[^/]+", "full", "segments", "/users/"],
    ["/users/[^/]+/orders/\\d{1,8}", "full", "segments", "/users/"],
    ["/v[0-9]+/items/.*", "full", "segments", "/v"],
    ["/users/[^/]+", "start", "segments", "/users/"],
    [".*\\.json", "full", "segments", ""],
    [".+", "full", "segments", ""],
    ["/(a|b)/.*", "full", "linear", "/"],
    ["/users/.*/orders/.*", "full", "linear", "/users/"],
    ["(?i)/users", "full", "segments", "/"],
    ["/a+a", "full", "linear", "/a"],
    ["(ab)+c", "full", "linear", "ab"],
  ] as const)("%s, %s: %s that begins with %j", (text, anchor, form, start) => {
    expect(read(text, anchor)).toMatchObject({ form, start });
  });

  test("segments that end in a certain way know how", () => {
    expect(read("/a/[^/]+/b").end).toBe("/b");
    expect(read(".*\\.json").end).toBe(".json");
    expect(read("/a/[^/]+").end).toBe("");
  });
});

describe("it fits", () => {
  test.each([
    [
      "/users/[^/]+/orders",
      ["/users/7/orders"],
      ["/users//orders", "/users/7/8/orders", "/users/7/orders/"],
    ],
    ["/v[0-9]{1,2}/.*", ["/v1/", "/v12/a/b"], ["/v/", "/v123/", "/v1"]],
    [".*\\.json", [".json", "/a.json"], ["json", "/a.json/"]],
    ["[a-z][a-z0-9-]*", ["a", "a-1"], ["", "1a", "a_"]],
    ["(?i)Bearer .+", ["bearer x", "BEARER y"], ["bearer ", "basic x"]],
    ["(?i:a)b", ["ab", "Ab"], ["aB"]],
    ["[[:alpha:]_][[:^space:]]", ["a1", "__"], ["1a", "a "]],
    ["[]a-]+", ["]a-"], ["b"]],
    ["a|b|", ["", "a", "b"], ["c", "ab"]],
    ["(a|ab)(c|bcd)(d*)", ["abcd", "ac", "acdd", "abcdd"], ["ab", "abd"]],
    ["\\x41\\x{42}\\t", ["AB\t"], ["AB"]],
    ["^$", [""], ["a"]],
    ["(^a|b)*", ["", "a", "ab", "bb"], ["ba"]],
    ["a$b", [], ["a", "ab"]],
    ["(a*)*", ["", "aaa"], ["b"]],
  ] as [string, string[], string[]][])("%s", (text, fits, others) => {
    const pattern = read(text);
    expect(fits.filter((one) => !pattern.test(one))).toEqual([]);
    expect(others.filter((one) => pattern.test(one))).toEqual([]);
  });

  test("a beginning, where that suffices", () => {
    for (const [text, fits, others] of [
      ["/users/[^/]+", ["/users/7", "/users/7/8"], ["/users/", "/user"]],
      ["(a|b)c", ["ac", "bcd"], ["ab"]],
      ["a|b$", ["ax", "b"], ["bx"]],
    ] as const) {
      const pattern = read(text, "start");
      expect(fits.filter((one) => !pattern.test(one))).toEqual([]);
      expect(others.filter((one) => pattern.test(one))).toEqual([]);
    }
  });
});

test.each([
  ["(a)\\1", 3, "back-reference"],
  ["(?P<a>b)(?P=a)", 8, "back-reference"],
  ["a(?=b)", 1, "look-around"],
  ["(?<!b)a", 0, "look-around"],
  ["\\bword", 0, "boundary"],
  ["\\pL", 0, "unknown escape"],
  ["(?m)a", 0, "unknown kind"],
  ["*a", 0, "nothing before"],
  ["a**", 2, "repeat of a repeat"],
  ["{1}", 0, "repeats nothing"],
  ["a{id}", 1, "no {n}"],
  ["a{2,1}", 1, "below its least"],
  ["a{1001}", 1, "more than 1000"],
  ["(a{1000}){1000}", 0, "more than 2000"],
  ["((((()){1000}){1000}){1000})", 0, "more than 2000"],
  ["(a", 0, "without its )"],
  ["a)", 1, "without its ("],
  ["x[a", 1, "without its ]"],
  ["[z-a]", 1, "before its beginning"],
  ["[a-\\d]", 1, "up to a class"],
  ["[[:word]]", 1, "unknown class"],
  ["a\\", 1, "at the end"],
  ["\\xg", 0, "two digits"],
  ["/✓", 1, "no head has"],
  ["(".repeat(101), 100, "100 deep"],
  ["a".repeat(4097), 4096, "4096"],
])("%.20s is refused at %i: %s", (text, at, message) => {
  const fault = readPattern(text, "full");
  expect(fault).toMatchObject({ at, message: expect.stringContaining(message) });
});

describe("by property", () => {
  const atom = fc.oneof(
    fc.constantFrom("a", "b", "/", "0", ".", "[ab]", "[^/]", "[a-b0]", "\\d", "\\w", "\\."),
    fc.constantFrom("ab", "/a", "^", "$"),
  );
  const repeat = fc.constantFrom("", "", "", "*", "+", "?", "{2}", "{0,2}", "{1,}", "*?");
  const written = (depth: number): fc.Arbitrary<string> => {
    const one =
      depth === 0
        ? atom
        : fc.oneof(
            atom,
            written(depth - 1).map((inner) => `(${inner})`),
          );
    const item = fc
      .tuple(one, repeat)
      .map(([of, times]) => (/^[\^$]|^[^([\\]./.test(of) ? of : of + times));
    const branch = fc.array(item, { maxLength: 3 }).map((items) => items.join(""));
    return fc.array(branch, { minLength: 1, maxLength: 2 }).map((all) => all.join("|"));
  };
  const pattern = written(2);
  const text = fc
    .array(fc.constantFrom("a", "b", "/", "0", "."), { maxLength: 8 })
    .map((all) => all.join(""));

  test("it fits what the same pattern of JavaScript fits, whatever its form", () => {
    const forms = new Map<string, number>();
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 20, maxLength: 20 }), (source, texts) => {
        for (const anchor of ["full", "start"] as const) {
          const own = read(source, anchor);
          const theirs = new RegExp(anchor === "full" ? `^(?:${source})$` : `^(?:${source})`, "s");
          forms.set(own.form, (forms.get(own.form) ?? 0) + 1);
          for (const one of texts) {
            expect(own.test(one), `${source} ${anchor} ${one}`).toBe(theirs.test(one));
          }
        }
      }),
      { seed: 11, numRuns: 1500 },
    );
    expect([...forms.keys()].toSorted()).toEqual(["linear", "literal", "prefix", "segments"]);
  });

  test("a lowered pattern fits what its automaton fits, and says truly how all of that begins and ends", () => {
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 20, maxLength: 20 }), (source, texts) => {
        const own = read(source);
        const node = parsePattern(source);
        if (isFault(node)) throw new Error(node.message);
        const machine = new LinearMachine(compileProgram(node)!, true);
        for (const one of texts) {
          const isFit = machine.test(one);
          expect(own.test(one)).toBe(isFit);
          if (!isFit) continue;
          expect(one.startsWith(own.start)).toBe(true);
          expect(one.slice(own.start.length).endsWith(own.end)).toBe(true);
        }
      }),
      { seed: 12, numRuns: 500 },
    );
  });

  test("whatever is written is read or refused, never thrown at", () => {
    const character = fc.constantFrom(..."ab/0.*+?{},|()[]^$\\-:<>=!PimsxdwA1");
    fc.assert(
      fc.property(fc.array(character, { maxLength: 12 }), (all) => {
        const source = all.join("");
        const result = readPattern(source, "full");
        if (isPatternFault(result)) {
          expect(result.at).toBeGreaterThanOrEqual(0);
          expect(result.at).toBeLessThanOrEqual(source.length);
        } else {
          result.test("ab/0");
        }
      }),
      { seed: 13, numRuns: 3000 },
    );
  });
});

describe("time is linear in the text", () => {
  // On each of these a backtracking engine takes exponential or cubic time.
  test.each([
    ["(a*)*b", "a"],
    ["(a|a)*b", "a"],
    ["(a|aa)+$", "a"],
    ["(.*)(.*)(.*)[^b]c", "b"],
    ["(a?){200}a{200}", "a"],
    ["([a-z]+)*[0-9]", "z"],
    // The automaton has 2^20 states: more than are ever kept.
    [".*a[ab]{20}c", "ab"],
  ])("%s over many %s", (source, unit) => {
    const pattern = read(source) as LinearPattern;
    expect(pattern).toBeInstanceOf(LinearPattern);
    const random = (length: number) => {
      // Not periodic, so that states do not repeat.
      let seed = 1;
      return Array.from({ length }, () => {
        seed = (seed * 48_271) % 2_147_483_647;
        return unit[seed % unit.length];
      }).join("");
    };
    const node = parsePattern(source);
    const program = compileProgram(isFault(node) ? { kind: "end" } : node)!;
    for (const length of [500, 2000]) {
      const before = pattern.steps;
      pattern.test(random(length));
      // Each octet: a look, the places it stands at, and two visits of each instruction at most.
      expect(pattern.steps - before).toBeLessThanOrEqual(length * (1 + 4 * program.length));
    }
  });

  test("a text of a known kind costs one look for each octet", () => {
    const pattern = read("/(a|b)/[0-9]+/.*x") as LinearPattern;
    const text = `/a/123/${"y".repeat(1000)}x`;
    pattern.test(text);
    const before = pattern.steps;
    expect(pattern.test(text)).toBe(true);
    expect(pattern.steps - before).toBe(text.length);
  });
});
