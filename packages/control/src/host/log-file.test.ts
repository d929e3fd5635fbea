import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LogFile } from "./log-file.ts";

let folder: string;
let log: LogFile;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-log-"));
  log = new LogFile(join(folder, "a.log"), new VirtualClock());
});
afterEach(() => {
  log.close();
  rmSync(folder, { recursive: true });
});
const written = () => readFileSync(log.path, "utf8");

test("a line is written once it ends, with its time and its stream", () => {
  expect(log.add("out", "hel")).toEqual([]);
  expect(log.add("err", "oops\r\n")).toEqual(["oops"]);
  expect(log.add("out", "lo\nwor")).toEqual(["hello"]);
  expect(log.flush()).toEqual(["wor"]);
  const time = "2026-01-01T00:00:00.000Z";
  expect(written()).toBe(`${time} err oops\n${time} out hello\n${time} out wor\n`);
});

test("a line without end is cut, so that it takes no memory without bound", () => {
  log.add("out", "x".repeat(20_000));
  expect(
    Math.max(
      ...written()
        .split("\n")
        .map((line) => line.length),
    ),
  ).toBeLessThan(8300);
});

test("a large file is set aside, and only one", () => {
  const piece = `${"y".repeat(1000)}\n`.repeat(1000);
  for (let round = 0; round < 25; round++) log.add("out", piece);
  expect(existsSync(`${log.path}.1`)).toBe(true);
  expect(existsSync(`${log.path}.2`)).toBe(false);
  const bytes = statSync(log.path).size + statSync(`${log.path}.1`).size;
  expect(bytes).toBeLessThanOrEqual(20 * 1024 * 1024);
});

test("the last words are kept for the report of a failure, remarks apart", () => {
  log.add("sys", "started\n");
  for (let line = 0; line < 15; line++) log.add("err", `line ${line}\n\n`);
  expect(log.recent).toEqual(Array.from({ length: 10 }, (_, index) => `line ${index + 5}`));
});

test("a disk that is full loses lines, and nothing else", () => {
  const full = new LogFile("/dev/full", new VirtualClock());
  expect(full.add("out", "hello\n")).toEqual(["hello"]);
  expect(full.recent).toEqual(["hello"]);
  full.close();
  const nowhere = new LogFile(join(folder, "none", "a.log"), new VirtualClock());
  expect(nowhere.add("out", "hello\n")).toEqual(["hello"]);
  nowhere.close();
});
