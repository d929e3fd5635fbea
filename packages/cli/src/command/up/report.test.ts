import type { MeshInfo, WorkloadRow } from "@heddle/control/api/verbs.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { expect, test } from "vitest";
import { buildStyle } from "../../render/style.ts";
import type { Terminal } from "../../render/terminal.ts";
import type { ManifestSet } from "../manifests.ts";
import type { World } from "../world.ts";
import { printResult } from "./report.ts";

const service = { apiVersion: "v1", kind: "Service", metadata: { name: "kvs" }, spec: {} };
const set = { resources: [service], warnings: [] } as unknown as ManifestSet;
const contract = { kind: "Contract", spec: { targetRefs: [{ kind: "Service", name: "kvs" }] } };
const info = { profile: "run", revision: 3 } as MeshInfo;
const away: WorkloadRow = {
  uid: "u",
  name: "kvs-0",
  namespace: "default",
  process: "kvs",
  gateway: null,
  app: { phase: "backoff", isReady: false, pid: null, restarts: 3, sinceWallMs: 0, reason: null },
  proxy: null,
  isCurrent: true,
  isConnected: true,
  isReady: false,
  isDraining: false,
  ports: {},
  urls: [],
  reason: "exited with code 1",
};

function said(isReady: boolean, mesh: string | undefined, of: ManifestSet = set): string {
  let text = "";
  const terminal: Terminal = {
    isTerminal: false,
    columns: 100,
    style: buildStyle(false),
    write: (more) => {
      text += more;
    },
  };
  const world: World = {
    out: terminal,
    err: terminal,
    env: {},
    cwd: "/",
    clock: new VirtualClock(),
    program: "heddle",
    programPath: "heddle",
    author: "dana",
  };
  const workloads = isReady ? [] : [away];
  const result = { info, workloads, isReady, warnings: [], lastLines: new Map() };
  printResult(world, terminal, of, result, { tookMs: 1000, mesh });
  return text;
}

/** The commands that are named, one each. */
const commands = (text: string) =>
  text
    .split(/\n| {4,}|Stop {2}|Try {2}/)
    .map((part) => part.trim())
    .filter((part) => part.startsWith("heddle "));

test("every command that is named leads to the mesh that was started", () => {
  expect(commands(said(true, undefined))).toEqual([
    "heddle stat",
    "heddle tap service/kvs",
    "heddle check",
    "heddle down",
  ]);
  const ready = commands(said(true, "../state"));
  expect(ready.length).toBe(4);
  const failed = commands(said(false, "../state"));
  expect(failed[0]).toBe("heddle logs kvs-0 --mesh ../state");
  expect(failed.length).toBe(2);
  for (const line of [...ready, ...failed]) expect(line).toMatch(/ --mesh \.\.\/state$/);
});

test("where a Contract speaks of a service, verifying it is named", () => {
  const promised = { ...set, resources: [service, contract] } as unknown as ManifestSet;
  expect(commands(said(true, "../state", promised))).toContain(
    "heddle verify kvs --drive --mesh ../state",
  );
});

test("a folder that a shell would take apart is quoted", () => {
  expect(commands(said(true, "it's here"))[0]).toBe("heddle stat --mesh 'it'\\''s here'");
});
