import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rowsOf } from "./rows-of.ts";

test("the title of a test says which rows it speaks for", () => {
  expect(rowsOf("row 7: a chunk size is hexadecimal")).toEqual([7]);
  expect(rowsOf("row 1, 5, 38: a reply framed in two ways")).toEqual([1, 5, 38]);
  expect(rowsOf("row 9 to 12: a head outside the grammar")).toEqual([9, 10, 11, 12]);
  expect(rowsOf("a row 7: is not at the beginning")).toEqual([]);
});

test("there are 60 rows, in order", () => {
  const rows = JSON.parse(readFileSync(join(import.meta.dirname, "rows.json"), "utf8")) as {
    readonly row: number;
  }[];
  expect(rows.map(({ row }) => row)).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
});
