import type { WorkloadSpec } from "@heddle/control/host/link.ts";
import { expect, test } from "vitest";
import { affectedBy } from "./watch.ts";

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
