import { counterModel, historyOf, registerModel } from "@heddle/mesh/contract/histories.fixture.ts";
import type { SequentialModel } from "@heddle/mesh/contract/sequential.ts";
import { expect, test } from "vitest";
import { newKeysOf } from "./new-keys.ts";

test.each<[boolean, SequentialModel, readonly string[]]>([
  [true, registerModel, ['a get → "" 1-2', "b put x 3-4", "a get → y 5-6"]],
  [false, registerModel, ["a get → old 1-2", "b put x 3-4", 'a get → "" 5-6']],
  [true, counterModel, ["a value → 0 1-2", "a add 3-4"]],
  [false, counterModel, ["a value → 7 1-2", "a add 3-4"]],
  // One that does not say so is enough.
  [false, counterModel, ["a value → 0 1-2", "b value → 7 2-3", "a add 4-5"]],
  // Nothing was read before the first update began, or nobody knows what.
  [false, counterModel, ["a add 1-2", "a value → 0 3-4"]],
  [false, counterModel, ["a value → 0 1-3", "a add 3-4"]],
  [false, counterModel, ["a value → 0 1-? unknown", "a add 3-4"]],
])("%s", (isNew, model, lines) => {
  expect(newKeysOf(historyOf(...lines), model).has("1")).toBe(isNew);
});
