import type { WorkloadRow } from "@heddle/control/api/verbs.ts";
import { expect, test } from "vitest";
import { expectedOf, formatCounts, stepOf } from "./ready.ts";

const running = {
  phase: "running",
  isReady: true,
  pid: 1,
  restarts: 0,
  sinceWallMs: 0,
  reason: null,
};
const row = (name: string, more: Partial<WorkloadRow> = {}): WorkloadRow => ({
  uid: name,
  name,
  namespace: "default",
  process: name.replace(/-\d+$/, ""),
  gateway: null,
  app: running,
  proxy: running,
  isCurrent: true,
  isConnected: true,
  isReady: true,
  isDraining: false,
  ports: {},
  urls: [],
  reason: null,
  ...more,
});
const [kvs, front] = expectedOf([
  {
    apiVersion: "heddle.dev/v1alpha1",
    kind: "Process",
    metadata: { name: "kvs" },
    spec: { replicas: 2 },
  },
  { apiVersion: "v1", kind: "Service", metadata: { name: "kvs" }, spec: {} },
  {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: { name: "front" },
    spec: {},
  },
]);

test("a Process is good once all its replicas are", () => {
  const rows = [row("kvs-0"), row("kvs-1")];
  expect(stepOf(kvs!, rows, 1400)).toEqual({
    name: "kvs",
    state: "good",
    detail: "2/2  kvs-0 kvs-1",
    tookMs: 1400,
  });
});

test("until then those are named that are not, and why", () => {
  const rows = [row("kvs-0"), row("kvs-1", { isReady: false, reason: "readiness: HTTP 503" })];
  expect(stepOf(kvs!, rows, 1)).toMatchObject({
    state: "waiting",
    detail: "1/2  kvs-1 readiness: HTTP 503",
  });
  expect(stepOf(kvs!, [], 1)).toMatchObject({ state: "waiting", detail: "0/2" });
});

test("a Gateway tells where it listens", () => {
  const gateway = row("front-0", {
    process: null,
    gateway: "front",
    app: null,
    urls: ["http://127.0.0.1:8080"],
  });
  expect(stepOf(front!, [gateway], 1)).toMatchObject({
    name: "gateway front",
    detail: "1/1  http://127.0.0.1:8080",
  });
});

test("a process that nobody has seen yet is not ready", () => {
  const rows = [row("kvs-0"), row("kvs-1", { app: null })];
  expect(stepOf(kvs!, rows, 1)).toMatchObject({ state: "waiting", detail: "1/2  kvs-1" });
});

test("the last line tells what runs, by profile", () => {
  const rows = [row("a-0"), row("front-0", { app: null, process: null, gateway: "front" })];
  expect(formatCounts(rows, "run")).toBe("1 process, 2 proxies, mutual TLS on every edge");
  expect(formatCounts(rows, "crawl")).toBe("1 process, no proxies: callers dial processes");
});
