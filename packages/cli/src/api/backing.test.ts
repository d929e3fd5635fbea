import type { EndpointRow, WorkloadRow } from "@heddle/control/api/verbs.ts";
import { expect, test } from "vitest";
import { backingOf } from "./backing.ts";

const workload = (name: string, process: string) =>
  ({ namespace: "default", name, process }) as WorkloadRow;
const endpoint = { namespace: "default", service: "kvs", workload: "kvs-0" } as EndpointRow;
const revision = (atWallMs: number, ...summary: readonly string[]) => ({
  revision: atWallMs,
  atWallMs,
  author: "dana",
  cause: "",
  summary,
});
const backing = backingOf({
  services: new Set(["default/kvs"]),
  endpoints: [endpoint],
  workloads: [workload("kvs-0", "kvs"), workload("other-0", "other")],
  revisions: [revision(100, "+ Service/kvs", "+ Process/kvs"), revision(500, "~ Process/other")],
});

test("a workload that a Service selects backs it, another does not", () => {
  expect(backing("default/kvs:80", "default/kvs-0", 600)).toBe(true);
  expect(backing("default/kvs:80", "default/other-0", 600)).toBe(false);
});

test("of who or what is not there any more nothing is known", () => {
  expect(backing("default/kvs:80", "default/gone-0", 600)).toBe(null);
  expect(backing("default/gone:80", "default/kvs-0", 600)).toBe(null);
});

test("nor of the time before intent changed", () => {
  expect(backing("default/kvs:80", "default/kvs-0", 99)).toBe(null);
  expect(backing("default/kvs:80", "default/other-0", 499)).toBe(null);
});
