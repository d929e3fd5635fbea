import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "@heddle/mesh/base/log.ts";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { afterAll, describe, expect, test } from "vitest";
import { batch, everything } from "./batches.fixture.ts";
import { openShelf } from "./open-shelf.ts";
import type { ShelfChange } from "./shelf.ts";
import { shelfSuite } from "./shelf-suite.ts";
import { SqliteShelf } from "./sqlite-shelf.ts";

const folder = mkdtempSync(join(tmpdir(), "heddle-recorded-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
const nothing: ShelfChange = {
  batches: [],
  streams: [],
  starts: [],
  evicted: [],
  complete: {},
  forget: null,
  nowWallMs: 0,
};

describe("SqliteShelf", () => {
  shelfSuite(() => new SqliteShelf(join(folder, `${count++}.db`)));

  test("a damaged file is put aside, and a new one begun", () => {
    const path = join(folder, "damaged.db");
    writeFileSync(path, "not a database ".repeat(300));
    const shelf = openShelf(path, silentLog);
    expect(shelf.size("whole").batches).toBe(0);
    shelf.close();
    expect(readFileSync(`${path}.damaged`, "utf8")).toMatch(/^not a database/);
  });

  test("and so is one that is damaged within, where nothing is read to open it", () => {
    const path = join(folder, "damaged-within.db");
    const before = new SqliteShelf(path);
    const batches = Array.from({ length: 200 }, (_, index) => batch(1 + index, 1 + index));
    before.commit({ ...nothing, batches });
    before.close();
    const octets = readFileSync(path);
    octets.fill(0x55, 10 * 4096, 14 * 4096);
    writeFileSync(path, octets);
    const shelf = openShelf(path, silentLog);
    expect(shelf.size("whole").batches).toBe(0);
    shelf.close();
    expect(existsSync(`${path}.damaged`)).toBe(true);
    const again = openShelf(path, silentLog);
    again.commit({ ...nothing, batches: [batch(1, 3)] });
    again.close();
    const sound = openShelf(path, silentLog);
    expect(sound.size("whole")).toMatchObject({ batches: 1, exchanges: 3 });
    sound.close();
  });

  test("what was acknowledged before kill -9 is there after it, each exchange once", async () => {
    const path = join(folder, "killed.db");
    const rng = new SeededRng(20261122);
    let acknowledged = 1;
    for (let round = 0; round < 5; round++) {
      acknowledged = await runAndKill(path, 1 + rng.below(12), acknowledged);
    }
    const shelf = new SqliteShelf(path);
    const kept = shelf.page(everything, 0, 100_000).map((one) => one.batch);
    const [state] = shelf.streams();
    shelf.close();
    const ids = kept.flatMap(({ exchanges }) => exchanges.map(({ id }) => id));
    expect(ids.length).toBeGreaterThanOrEqual(acknowledged - 1);
    expect(ids).toEqual(ids.map((_, index) => index + 1));
    expect(kept.flatMap(({ gaps }) => gaps)).toEqual([]);
    expect(state?.next).toBe(ids.length + 1);
  }, 30_000);
});

/** Lets a child take batches until `rounds` were acknowledged, kills it at once, and returns up to where. */
function runAndKill(path: string, rounds: number, before: number): Promise<number> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "sqlite-shelf.fixture.ts"), path],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let acknowledged = before;
  let heard = 0;
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const [word, number] = line.split(" ");
      // Whatever an earlier life acknowledged is known to this one.
      if (word === "open") expect(Number(number)).toBeGreaterThanOrEqual(before);
      else {
        acknowledged = Number(number);
        heard++;
      }
    }
    if (heard >= rounds) child.kill("SIGKILL");
  });
  return new Promise((resolve) => child.on("close", () => resolve(acknowledged)));
}
