import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { removeLeftovers } from "./leftovers.ts";

test("keys of workloads that are gone do not stay on the disk", async () => {
  const folder = await mkdtemp(join(tmpdir(), "heddle-leftovers-"));
  for (const name of ["a-0.11111111", "a-0.22222222"]) {
    await mkdir(join(folder, name, "generation"), { recursive: true });
    await writeFile(join(folder, name, "generation", "key.pem"), "key");
  }
  expect(await removeLeftovers(folder, (name) => name === "a-0.22222222")).toBe(1);
  expect(await readdir(folder)).toEqual(["a-0.22222222"]);
  expect(await removeLeftovers(join(folder, "nowhere"), () => true)).toBe(0);
  await rm(folder, { recursive: true });
});
