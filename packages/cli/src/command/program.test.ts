import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { describe, expect, test } from "vitest";
import { buildStyle } from "../render/style.ts";
import type { Terminal } from "../render/terminal.ts";
import { buildProgram, run } from "./program.ts";
import { verbs } from "./verbs.ts";
import type { World } from "./world.ts";

/** A world in which nothing runs, and what was said in it. */
function quietWorld(): { world: World; out: string[]; err: string[] } {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = (lines: string[]): Terminal => ({
    isTerminal: false,
    columns: 100,
    style: buildStyle(false),
    write: (text) => void lines.push(text),
  });
  const world: World = {
    out: terminal(out),
    err: terminal(err),
    env: {},
    cwd: "/",
    clock: new VirtualClock(),
    program: "heddle",
    programPath: "heddle",
    author: "dana",
  };
  return { world, out, err };
}

const promised =
  "up down ps logs exec apply plan route get explain describe delete endpoints stat edges tap history view check revisions rollback verify constraints compile proxy control version completion";

test("there is every command that was promised, and no other", async () => {
  const { world } = quietWorld();
  const program = await buildProgram(world);
  const names = program.commands.map((command) => command.name());
  expect(names.sort()).toEqual(promised.split(" ").sort());
});

test("the general help shows them in groups, with the exit codes", async () => {
  const { world, out } = quietWorld();
  expect(await run(world, ["--help"])).toBe(0);
  const text = out.join("");
  for (const group of new Set(verbs.map((verb) => verb.group))) expect(text).toContain(group);
  expect(text).toContain("69 no control plane");
});

describe("the help of each command has examples that are commands", () => {
  test.each(promised.split(" "))("%s", async (verb) => {
    const { world, out } = quietWorld();
    expect(await run(world, [verb, "--help"])).toBe(0);
    const examples = out.join("").split("Examples:\n")[1]?.trimEnd().split("\n") ?? [];
    expect(examples.length).toBeGreaterThan(0);
    for (const line of examples) {
      const named = /\bheddle (\w+)/.exec(line)?.[1];
      expect(promised.split(" "), line).toContain(named);
    }
  });
});

test.each([
  [["sing"], "unknown command 'sing'"],
  [["stat", "--loud"], "unknown option '--loud'"],
  [["stat", "-o", "xml"], "Allowed choices are table, wide, json, yaml, name"],
  [["apply"], "required option '-f, --filename <path...>' not specified"],
  [["rollback", "yesterday"], "expected a revision's number"],
])("wrong use is 64, and says how: %j", async (argv, words) => {
  const { world, err } = quietWorld();
  expect(await run(world, argv)).toBe(64);
  expect(err.join("")).toContain(words);
});

test.each([
  [["get", "sausages"], 64],
  [["delete", "services"], 64],
  [["get", "services"], 69],
  [["up", "nowhere.yaml"], 65],
  [["compile", "nowhere.yaml", "-o", "/nowhere"], 65],
])("%j ends with %d", async (argv, code) => {
  const { world } = quietWorld();
  const before = process.exitCode;
  const found = await run({ ...world, env: { HEDDLE_MESH: "/tmp" } }, argv);
  process.exitCode = before;
  expect(found).toBe(code);
});

describe("what cannot be is said before anything is asked", () => {
  test.each<[readonly string[], number, string]>([
    [["tap", "--status", "abc"], 64, "expected a status or the first digit of some"],
    [["tap", "--max-rps", "0"], 64, "expected a whole number from 1"],
    [["proxy", "--config", "no/such"], 65, "there is no no/such here"],
  ])("%j", async (argv, code, words) => {
    const { world, err } = quietWorld();
    expect(await run(world, argv)).toBe(code);
    expect(err.join("")).toContain(words);
  });
});

test("logs of somebody who wrote none are not left out in silence", async () => {
  const state = mkdtempSync(join(tmpdir(), "heddle-logs-"));
  mkdirSync(join(state, "logs"));
  for (const name of ["kvs-0", "kvs-0.proxy", "front-0.proxy"]) {
    writeFileSync(join(state, "logs", `${name}.log`), "2026-01-01T00:00:00.000Z out hello\n");
  }
  const logs = async (...who: readonly string[]) => {
    const { world, out, err } = quietWorld();
    const code = await run({ ...world, env: { HEDDLE_MESH: state } }, ["logs", ...who]);
    return { code, out: out.join(""), err: err.join("") };
  };
  expect(await logs("kvs-0")).toEqual({ code: 0, out: "kvs-0 | hello\n", err: "" });
  expect(await logs("kvs-0", "nosuch")).toEqual({
    code: 1,
    out: "",
    err: "error: there is no log of nosuch here\n  Try  heddle ps\n",
  });
  expect((await logs("kvs", "front-0")).err).toContain("heddle logs --proxy front-0\n");
  expect((await logs("--proxy", "kvs", "front-0")).code).toBe(0);
  rmSync(state, { recursive: true });
});

test("a state folder that cannot be made is said in a line", async () => {
  const { world, err } = quietWorld();
  const cwd = mkdtempSync(join(tmpdir(), "heddle-up-"));
  writeFileSync(join(cwd, "mesh.yaml"), "");
  writeFileSync(join(cwd, ".heddle"), "in the way");
  expect(await run({ ...world, cwd }, ["up", "-d"])).toBe(1);
  expect(err.join("")).toMatch(/^error: ENOTDIR: not a directory, mkdir '.*'\n$/);
  rmSync(cwd, { recursive: true });
});
