import { expect, test } from "vitest";
import { SeededRng } from "../base/rng.ts";
import { algebra, bool, int, str } from "./algebra.ts";
import { checkKey } from "./check-key.ts";
import { definitions } from "./definition/index.ts";
import { defaultKey } from "./http-binding.ts";

const a = str("a"),
  b = str("b"),
  n = int("n");
const bank = algebra("Bank", {
  balance: { takes: [a], gives: int },
  deposit: { takes: [a, n] },
  transfer: { takes: [a, b, n], gives: bool, changes: true },
})
  .model<ReadonlyMap<string, number>>({
    empty: new Map(),
    balance: (bank, a) => bank.get(a) ?? 0,
    deposit: (bank, a, n) => new Map(bank).set(a, (bank.get(a) ?? 0) + n),
    transfer: (bank, a, b, n) => {
      if ((bank.get(a) ?? 0) < n) return [bank, false];
      const after = new Map(bank).set(a, (bank.get(a) ?? 0) - n);
      return [after.set(b, (after.get(b) ?? 0) + n), true];
    },
  })
  .http({
    balance: { on: "GET /{a}", ok: [200] },
    deposit: { on: "POST /{a}", query: { n }, ok: [204] },
    transfer: { on: "POST /{a}/to/{b}", query: { n }, ok: [200] },
  });

test("what passes from one key to another makes one object of both", () => {
  expect(defaultKey(bank.operations)).toBe("a");
  expect(checkKey(bank, "a", new SeededRng(1))).toMatch(
    /^its keys are not apart: .*gives .*, and .* if only a = .* is looked at$/,
  );
  expect(checkKey(bank, null, new SeededRng(1))).toBe(null);
});

test.each(Object.entries(definitions))("the keys of %s are apart", (_, definition) => {
  const key = defaultKey(definition.operations);
  for (let seed = 0; seed < 20; seed++) {
    expect(checkKey(definition, key, new SeededRng(seed))).toBe(null);
  }
});
