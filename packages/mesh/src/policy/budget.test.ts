import { expect, test } from "vitest";
import { RetryBudget } from "./budget.ts";

const spendAll = (budget: RetryBudget, nowMs: number) => {
  let count = 0;
  while (budget.spend(nowMs)) count++;
  return count;
};

test("without requests there are ten retries a second for ten seconds", () => {
  expect(spendAll(new RetryBudget(), 1000)).toBe(100);
});

test("each five requests earn one retry more", () => {
  const budget = new RetryBudget({ perSecondMin: 0 });
  for (let request = 0; request < 50; request++) budget.earn(1000);
  expect(spendAll(budget, 1500)).toBe(10);
});

test("what was earned is forgotten after ten seconds", () => {
  const budget = new RetryBudget({ perSecondMin: 0 });
  for (let request = 0; request < 50; request++) budget.earn(1000);
  expect(spendAll(budget, 11_000)).toBe(0);
});

test("what was spent is forgotten after ten seconds", () => {
  const budget = new RetryBudget({ perSecondMin: 1 });
  expect(spendAll(budget, 1000)).toBe(10);
  expect(spendAll(budget, 10_999)).toBe(0);
  expect(spendAll(budget, 11_000)).toBe(10);
});

test("a long silence costs no time", () => {
  const budget = new RetryBudget();
  budget.earn(0);
  expect(spendAll(budget, 1e12)).toBe(100);
});
