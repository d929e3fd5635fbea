import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WorkloadSpec } from "@heddle/control/host/link.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import { expect, test } from "vitest";
import { affectedBy, watchFiles } from "./watch.ts";

const workload = (name: string, command: readonly string[], cwd = "/m"): WorkloadSpec => ({
  uid: name,
  name,
  namespace: "default",
  app: {
    command,
    cwd,
    env: {},
    ports: [],
    readiness: null,
    restart: "always",
    graceMs: 1,
    generation: 0,
  },
  proxy: null,
  drain: false,
  mayRestart: false,
});
const specs = [
  workload("kvs-0", ["node", "kvs.ts"]),
  workload("kvs-1", ["node", "./kvs.ts"]),
  workload("visitor-0", ["node", "visitor.ts"]),
  workload("other-0", ["node", "kvs.ts"], "/other"),
];
const names = (files: readonly string[]) => affectedBy(specs, "/m", files).map(({ name }) => name);

test("a program's file concerns those who run it, here", () => {
  expect(names(["kvs.ts"])).toEqual(["kvs-0", "kvs-1"]);
  expect(names(["kvs.ts", "visitor.ts"])).toEqual(["kvs-0", "kvs-1", "visitor-0"]);
});

test("a file that no command names may be anybody's", () => {
  expect(names(["lib/shared.ts"])).toEqual(["kvs-0", "kvs-1", "visitor-0"]);
});

test("a save is one change of one file, whatever the editor does meanwhile", async () => {
  const folder = mkdtempSync(join(tmpdir(), "heddle-watch-"));
  let stop: (() => void) | null = null;
  try {
    const changed = await new Promise<readonly string[]>((resolve) => {
      stop = watchFiles({ clock: new SystemClock(), folder, onChange: resolve });
      writeFileSync(join(folder, ".kvs.ts.swp"), "");
      writeFileSync(join(folder, "draft"), "1");
      renameSync(join(folder, "draft"), join(folder, "kvs.ts"));
    });
    expect(changed).toEqual(["kvs.ts"]);
  } finally {
    (stop as (() => void) | null)?.();
    rmSync(folder, { recursive: true });
  }
});

test("a folder that is not there is not watched", () => {
  const clock = new SystemClock();
  expect(watchFiles({ clock, folder: "/no/such/folder", onChange: () => {} })).toBeNull();
});
