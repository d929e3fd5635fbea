import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Tail } from "./tail.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-tail-"));
  path = join(folder, "a.log");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("gives the last lines, then each that is completed", () => {
  writeFileSync(path, "a\nb\nc\nd");
  const tail = new Tail(path);
  expect(tail.last(2)).toEqual(["b", "c"]);
  appendFileSync(path, "d\ne");
  expect(tail.next()).toEqual(["dd"]);
  tail.close();
});

test("reaches back into the file that was set aside", () => {
  writeFileSync(`${path}.1`, "a\nb\n");
  writeFileSync(path, "c\n");
  const tail = new Tail(path);
  expect(tail.last(2)).toEqual(["b", "c"]);
  tail.close();
});

test("loses no line when the file is set aside while it reads", () => {
  writeFileSync(path, "a\n");
  const tail = new Tail(path);
  expect(tail.next()).toEqual(["a"]);
  appendFileSync(path, "b\n");
  renameSync(path, `${path}.1`);
  writeFileSync(path, "c\n");
  expect(tail.next()).toEqual(["b", "c"]);
  tail.close();
});

test("loses no line when the file is set aside twice between two looks", () => {
  writeFileSync(path, "a\n");
  const tail = new Tail(path);
  expect(tail.next()).toEqual(["a"]);
  appendFileSync(path, "b\n");
  for (const line of ["c\n", "d\n"]) {
    renameSync(path, `${path}.1`);
    writeFileSync(path, line);
  }
  expect(tail.next()).toEqual(["b", "c", "d"]);
  expect(tail.next()).toEqual([]);
  tail.close();
});

test("a log that is not there yet is empty until it is", () => {
  const tail = new Tail(path);
  expect(tail.last(5)).toEqual([]);
  writeFileSync(path, "a\n");
  expect(tail.next()).toEqual(["a"]);
  tail.close();
});
