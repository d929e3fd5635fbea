import type { Process } from "@heddle/mesh/resource/heddle/process.ts";
import type { Workload, WorkloadStatus } from "@heddle/mesh/resource/heddle/workload.ts";
import { expect, test } from "vitest";
import { capturedClaims } from "./captured.ts";

const apiVersion = "heddle.dev/v1alpha1" as const;
const process = (capture: "none" | "transparent"): Process => ({
  apiVersion,
  kind: "Process",
  metadata: { name: "app" },
  spec: { command: ["app"], capture },
});
const workload = (status: WorkloadStatus, capture?: "transparent"): Workload => ({
  apiVersion,
  kind: "Workload",
  metadata: { name: "app-0" },
  spec: { serviceAccountName: "app", ...(capture === undefined ? {} : { capture }) },
  status,
});
const saysOf = (...own: readonly Workload[]) =>
  capturedClaims(process("transparent"), own).map(
    ({ status, reason, message }) => `${status} ${reason}: ${message}`,
  );

test("of a Process that is not to be captured nothing is said", () => {
  expect(capturedClaims(process("none"), [workload({ pid: 1 })])).toEqual([]);
});

test("it is captured once its workloads run so", () => {
  const running = workload({ pid: 1 }, "transparent");
  expect(saysOf(running)[0]).toContain("True RulesInForce");
  expect(saysOf(workload({}, "transparent"))[0]).toContain("Unknown Pending");
  expect(saysOf(running, workload({ pid: 2 }))[0]).toContain("Unknown Pending");
});

test("what is in the way is said, with the cure", () => {
  const reason = "capture: nft is not installed; apt-get install nftables";
  expect(saysOf(workload({ reason }, "transparent"))).toEqual([
    "False NotPossible: It does not run: nft is not installed; apt-get install nftables.",
  ]);
  expect(saysOf(workload({ reason: "exited with code 1" }, "transparent"))[0]).toContain("Unknown");
});
