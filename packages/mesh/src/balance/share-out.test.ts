import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ShareOptions, type Sharer, shareOut } from "./share-out.ts";

const plain: ShareOptions = { zone: "", zones: null, panicThreshold: 0.5 };
const zoned: ShareOptions = {
  ...plain,
  zone: "a",
  zones: { endpointsMin: 4, overprovisioning: 1.4 },
};

/** `a1+` is well in zone a at priority 1, `a1-` is not well, `a1x` cannot be reached. */
function sharers(text: string): readonly (Sharer & { readonly name: string })[] {
  return text.split(" ").map((name) => ({
    name,
    zone: name[0]!,
    priority: Number(name[1]),
    isWell: name[2] !== "-",
    isNear: name[2] !== "x",
  }));
}

/** `0.7: a0+ a0+ | 0.3: b0+`, with `panic` in front. */
function shared(text: string, options = plain): string {
  const { groups, isPanic } = shareOut(sharers(text), options);
  const parts = groups.map(({ members, share }) => {
    const part = Math.round(share * 1000) / 1000;
    return `${part}: ${members.map(({ name }) => name).join(" ")}`;
  });
  return `${isPanic ? "panic " : ""}${parts.join(" | ")}`;
}

describe("without priorities and zones", () => {
  test.each([
    ["a0+ a0+", "1: a0+ a0+"],
    ["a0+ a0x", "1: a0+"],
    ["a0+ a0-", "1: a0+"],
    ["a0x a0x", ""],
  ])("%s: all that are well", (text, expected) => {
    expect(shared(text)).toBe(expected);
  });

  test("fewer than half are well: all that can be reached are used", () => {
    expect(shared("a0+ a0- a0-")).toBe("panic 1: a0+ a0- a0-");
    expect(shared("a0+ a0- a0x")).toBe("panic 1: a0+ a0-");
    expect(shared("a0- a0-")).toBe("panic 1: a0- a0-");
  });

  test("that none can be reached but the well is no panic", () => {
    expect(shared("a0+ a0x a0x")).toBe("1: a0+");
  });

  test("a threshold of 0 never panics", () => {
    expect(shared("a0+ a0- a0- a0-", { ...plain, panicThreshold: 0 })).toBe("1: a0+");
    expect(shared("a0- a0-", { ...plain, panicThreshold: 0 })).toBe("");
  });
});

describe("priorities", () => {
  test("the first has all while enough of it are well", () => {
    expect(shared("a0+ a0+ a0+ a0- b1+")).toBe("1: a0+ a0+ a0+");
  });

  test("the next gets what is missing: 50 % × 1.4 = 70 %", () => {
    expect(shared("a0+ a0- b1+ b1+")).toBe("0.7: a0+ | 0.3: b1+ b1+");
  });

  test("none of the first is there", () => {
    expect(shared("a0x a0x b1+")).toBe("1: b1+");
    expect(shared("a0- b2+ b7+")).toBe("1: b2+");
  });

  test("all together do not suffice: each has its part", () => {
    expect(shared("a0+ a0- a0- a0- b1+ b1- b1- b1-")).toBe(
      "panic 0.5: a0+ a0- a0- a0- | 0.5: b1+ b1- b1- b1-",
    );
  });

  test("nobody is well anywhere: the first that can be reached", () => {
    expect(shared("a0x b1- b1-")).toBe("panic 1: b1- b1-");
  });
});

describe("zones", () => {
  test("the own one suffices while three quarters of it are well", () => {
    expect(shared("a0+ a0+ a0+ a0- b0+ b0+", zoned)).toBe("1: a0+ a0+ a0+");
  });

  test("else others help out by what is missing", () => {
    expect(shared("a0+ a0- b0+ b0+ b0+", zoned)).toBe("0.7: a0+ | 0.3: b0+ b0+ b0+");
  });

  test("they say nothing of few endpoints, nor where the own zone has none", () => {
    expect(shared("a0+ b0+ b0+", zoned)).toBe("1: a0+ b0+ b0+");
    expect(shared("b0+ c0+ b0+ c0+", zoned)).toBe("1: b0+ c0+ b0+ c0+");
    expect(shared("a0+ a0+ b0+ b0+", { ...zoned, zone: "" })).toBe("1: a0+ a0+ b0+ b0+");
  });

  test("none of the own zone is left: all go elsewhere", () => {
    expect(shared("a0x a0- b0+ b0+ b0+", zoned)).toBe("1: b0+ b0+ b0+");
  });

  test("each priority by itself", () => {
    expect(shared("b0x b0x b0x b0x a1+ b1+ b1+ b1+", zoned)).toBe("1: a1+");
  });
});

test("over any endpoints: shares add up, nobody is in two groups, and whoever is well can be asked where anybody is", () => {
  const one = fc.tuple(fc.constantFrom("a", "b"), fc.nat(2), fc.constantFrom("+", "-", "x"));
  const threshold = fc.constantFrom(0, 0.5, 1);
  fc.assert(
    fc.property(
      fc.array(one, { minLength: 1, maxLength: 12 }),
      threshold,
      (all, panicThreshold) => {
        const given = sharers(all.map((parts) => parts.join("")).join(" "));
        const { groups } = shareOut(given, { ...zoned, panicThreshold });
        const members = groups.flatMap((group) => group.members);
        expect(new Set(members).size).toBe(members.length);
        expect(members.every(({ isNear }) => isNear)).toBe(true);
        expect(groups.every((group) => group.share > 0 && group.members.length > 0)).toBe(true);
        const sum = groups.reduce((total, { share }) => total + share, 0);
        const isAnyWell = given.some(({ isNear, isWell }) => isNear && isWell);
        if (members.length > 0) expect(sum).toBeCloseTo(1, 9);
        if (isAnyWell) expect(members.some(({ isWell }) => isWell)).toBe(true);
      },
    ),
    { numRuns: 500, seed: 3 },
  );
});
