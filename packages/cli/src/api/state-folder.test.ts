import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deleteState, stateFolderFor } from "./state-folder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-state-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (...names: readonly string[]) => {
  for (const name of names) writeFileSync(join(folder, name), "");
};

test("a folder that is no mesh's is not deleted", () => {
  write("kvs.ts", "mesh.yaml");
  expect(() => deleteState(folder)).toThrow("nothing was deleted");
  expect(readdirSync(folder)).toEqual(["kvs.ts", "mesh.yaml"]);
});

test("of a folder that a mesh shares with others only its own is deleted", () => {
  write(
    "kvs.ts",
    "lock",
    "lock-journal",
    "store.db",
    "store.db-wal",
    "recorded.db",
    "api.json.new",
    "host.json",
  );
  mkdirSync(join(folder, "ca"));
  deleteState(folder);
  expect(readdirSync(folder)).toEqual(["kvs.ts"]);
});

test("a folder that is a mesh's alone goes", () => {
  write("store.db");
  deleteState(folder);
  expect(existsSync(folder)).toBe(false);
  mkdirSync(join(folder, ".heddle", "anything"), { recursive: true });
  deleteState(join(folder, ".heddle"));
  expect(readdirSync(folder)).toEqual([]);
});

test("up keeps its state to itself", () => {
  expect(stateFolderFor(folder, undefined, "sub/mesh.yaml")).toBe(join(folder, "sub", ".heddle"));
  expect(stateFolderFor(folder, ".", "mesh.yaml")).toBe(folder); // empty: it is for the mesh
  expect(stateFolderFor(folder, "new", "mesh.yaml")).toBe(join(folder, "new"));
  expect(stateFolderFor(folder, ".heddle", "mesh.yaml")).toBe(join(folder, ".heddle"));
  mkdirSync(join(folder, "logs"));
  expect(stateFolderFor(folder, ".", "mesh.yaml")).toBe(folder); // begun already
  write("kvs.ts");
  expect(stateFolderFor(folder, ".", "mesh.yaml")).toBe(join(folder, ".heddle"));
  write("store.db");
  expect(stateFolderFor(folder, ".", "mesh.yaml")).toBe(folder);
});
