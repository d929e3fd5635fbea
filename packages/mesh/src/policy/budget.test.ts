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

test("what was spent is forgotten after ten seconds, and never before", () => {
  const budget = new RetryBudget({ perSecondMin: 1 });
  expect(spendAll(budget, 1999)).toBe(10);
  expect(spendAll(budget, 11_998)).toBe(0);
  expect(spendAll(budget, 12_000)).toBe(10);
});

test("whoever spends all there is never has more than a share of the requests and ten a second", () => {
  for (const offsetMs of [0, 250, 999]) {
    const budget = new RetryBudget();
    let requests = 0;
    let retries = 0;
    for (let ms = offsetMs; ms < offsetMs + 30_000; ms += 20) {
      budget.earn(ms);
      requests++;
      retries += spendAll(budget, ms);
    }
    expect(retries).toBeLessThanOrEqual(0.2 * requests + 10 * 30);
    expect(retries).toBeGreaterThan(0.8 * (0.2 * requests + 10 * 30));
  }
});

test("a long silence costs no time", () => {
  const budget = new RetryBudget();
  budget.earn(0);
  expect(spendAll(budget, 1e12)).toBe(100);
});
