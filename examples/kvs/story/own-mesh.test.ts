import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { roundRobin } from "./b-round-robin.ts";
import { placement } from "./c-placement.ts";
import { noRetryElsewhere } from "./e-no-retry-elsewhere.ts";
import { directAndIndirect } from "./f-direct-and-indirect.ts";
import { isAsShown, shownOf } from "./page.fixture.ts";
import { Stage } from "./stage.ts";
import { type Scenario, tell, tellOn } from "./tell.ts";

/** Scenarios that need another mesh than the others, or none. */

const root = join(import.meta.dirname, "../../..");
const inTurn = new Stage();
vi.setConfig({ testTimeout: 180_000 }); // of a busy machine; a few seconds else
afterAll(() => inTurn.close());

function expectAsShown(letter: string, lines: readonly string[]) {
  const shown = shownOf(letter).join("\n");
  expect(isAsShown(letter, lines), `${lines.join("\n")}\n\nbut shown is\n${shown}`).toBe(true);
}

test("(a), as a command: what it prints is on the page, and it ends with 0", () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, "tools/run.mjs"), "story", "a"],
    { encoding: "utf8" },
  );
  expect([status, stderr]).toEqual([0, ""]);
  expectAsShown("a", stdout.trimEnd().split("\n"));
});

test("a letter that is none: 64, and which there are", () => {
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, "main.ts"), "z"],
    {
      encoding: "utf8",
    },
  );
  expect(status).toBe(64);
  expect(stdout.match(/^\([a-h]\) /gm)).toHaveLength(8);
});

test(roundRobin.title, async () => {
  inTurn.say(roundRobin.title);
  await inTurn.up(roundRobin.manifest!);
  const { refuted } = await tellOn(inTurn, roundRobin);
  expect(refuted, inTurn.lines.join("\n")).toEqual([]);
  expectAsShown("b", inTurn.lines);
});

test("(c) on that mesh is refuted, and says so: it is the Placement that makes it true", async () => {
  const { refuted, lines } = await tellOn(inTurn, placement);
  expect(refuted, lines.join("\n")).toContain("verify says holds, by what the mesh recorded");
  expect(refuted.some((claim) => claim.includes("read back"))).toBe(true);
});

test("(e) with a Placement whose keys may move is refuted: once moved they are in two processes", async () => {
  const placed = readFileSync(join(inTurn.folder, "story/kvs.yaml"), "utf8")
    .split("---\n")
    .find((one) => one.includes("kind: Placement"))!;
  const moving = join(inTurn.folder, "moving.yaml");
  writeFileSync(moving, `${placed}  whenAway: move\n`);
  await inTurn.quietly("apply", "-f", moving);
  const { refuted, lines } = await tellOn(inTurn, noRetryElsewhere);
  expect(refuted, lines.join("\n")).toContain(
    "no PUT of these keys is in another process's history",
  );
});

test(directAndIndirect.title, async () => {
  const { lines, refuted } = await tell(directAndIndirect);
  expect(refuted, lines.join("\n")).toEqual([]);
  expectAsShown("f", lines);
});

test("a scenario whose claim is not so ends with what was refuted", async () => {
  const scenario: Scenario = {
    title: "(z)",
    manifest: null,
    run: async (_, claim) => claim(1 + 1 === 3, "one and one are three"),
  };
  expect(await tell(scenario)).toEqual({
    lines: ["(z)", " ✘ one and one are three"],
    refuted: ["one and one are three"],
  });
});
