import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { afterAll, describe, expect, test } from "vitest";
import { SqliteStore } from "./sqlite.ts";
import { storeSuite } from "./store-suite.ts";

const folder = mkdtempSync(join(tmpdir(), "heddle-store-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
const open = (path: string) =>
  SqliteStore.open({ path, newEpoch: () => "first", journalLength: 10 });

describe("SqliteStore", () => {
  test("a file that is no store, or not a whole one, is said to be damaged, and left as it is", async () => {
    const path = join(folder, "damaged.db");
    writeFileSync(path, "not a database ".repeat(300));
    expect(() => open(path)).toThrow(
      `${path} is damaged (file is not a database): put a good copy`,
    );
    expect(readFileSync(path, "utf8")).toMatch(/^not a database/);
  });

  storeSuite(() => open(join(folder, `${count++}.db`)));

  test("has its objects, versions and epoch again after it was closed", async () => {
    const path = join(folder, "again.db");
    const key = { collection: "services", namespace: "default", name: "a" };
    const object = { apiVersion: "v1", kind: "Service", metadata: { name: "a" } };
    const first = open(path);
    await first.commit([{ op: "create", key, object }]);
    const { items, version } = await first.list("services", null);
    await first.close();
    const second = SqliteStore.open({ path, newEpoch: () => "second", journalLength: 10 });
    expect(second.epoch).toBe("first");
    expect(await second.list("services", null)).toEqual({ items, version });
    expect(second.watch(version - 1, () => {})).not.toBeNull();
    await second.close();
  });

  test("what was acknowledged before kill -9 is there after it, and of a set all or nothing", async () => {
    const path = join(folder, "killed.db");
    const rng = new SeededRng(20261122);
    let acknowledged = 0;
    for (let round = 0; round < 5; round++) {
      acknowledged = await runAndKill(path, 1 + rng.below(60), acknowledged);
    }
    const store = open(path);
    const services = (await store.list("services", null)).items;
    const twins = (await store.list("twins", null)).items;
    await store.close();
    expect(services.length).toBeGreaterThanOrEqual(acknowledged);
    expect(twins.map((twin) => twin.metadata.name)).toEqual(
      services.map((service) => service.metadata.name),
    );
  }, 30_000);
});

/** Lets a child commit until `commits` were acknowledged, kills it at once, and returns how many were in all. */
function runAndKill(path: string, commits: number, before: number): Promise<number> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "sqlite.fixture.ts"), path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let acknowledged = before;
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const [word, number] = line.split(" ");
      if (word === "open") expect(Number(number)).toBeGreaterThanOrEqual(before);
      else acknowledged = Number(number);
    }
    if (acknowledged >= before + commits) child.kill("SIGKILL");
  });
  return new Promise((resolve) => child.on("close", () => resolve(acknowledged)));
}
