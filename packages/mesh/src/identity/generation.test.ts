import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { spiffeId } from "../../test/support/records.ts";
import type { TlsCredentials } from "../net/transport.ts";
import { GenerationFolder } from "./generation.ts";

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "heddle-generation-"));
  folder = join(parent, "generation");
});
afterEach(() => rmSync(parent, { recursive: true }));

const credentials = (generation: number): TlsCredentials => ({
  generation,
  spiffeId: spiffeId("kvs"),
  keyPem: `key ${generation}`,
  chainPem: "chain",
  bundlePem: "bundle",
});

test("what was saved last is found by another process, whole", async () => {
  const saver = new GenerationFolder(folder);
  await saver.save({ credentials: credentials(1), snapshot: { revision: 1 } });
  await saver.save({ credentials: credentials(2), snapshot: { revision: 2 } });
  expect(await new GenerationFolder(folder).load()).toEqual({
    number: 2,
    credentials: credentials(2),
    snapshot: { revision: 2 },
  });
  expect(readdirSync(folder).sort()).toEqual(["current", "generation-2"]);
});

test("keys are for their user alone", async () => {
  await new GenerationFolder(folder).save({ credentials: credentials(1), snapshot: null });
  const modeOf = (path: string) => statSync(join(folder, path)).mode & 0o777;
  expect(modeOf(".")).toBe(0o700);
  expect(modeOf("generation-1")).toBe(0o700);
  for (const file of readdirSync(join(folder, "generation-1"))) {
    expect(modeOf(join("generation-1", file))).toBe(0o600);
  }
});

test("a save that a crash cut short leaves the one before it, and is taken over", async () => {
  await new GenerationFolder(folder).save({ credentials: credentials(1), snapshot: null });
  mkdirSync(join(folder, "generation-2"));
  writeFileSync(join(folder, "generation-2", "key.pem"), "half");
  const restarted = new GenerationFolder(folder);
  expect((await restarted.load())?.credentials.keyPem).toBe("key 1");
  expect(await restarted.save({ credentials: credentials(2), snapshot: null })).toBe(2);
  expect((await new GenerationFolder(folder).load())?.credentials.keyPem).toBe("key 2");
});

test("nothing saved, or nothing readable, is no generation", async () => {
  expect(await new GenerationFolder(folder).load()).toBeNull();
  await new GenerationFolder(folder).save({ credentials: credentials(1), snapshot: null });
  writeFileSync(join(folder, "generation-1", "identity.json"), "{");
  expect(await new GenerationFolder(folder).load()).toBeNull();
});
