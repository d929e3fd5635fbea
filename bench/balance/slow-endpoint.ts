import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tcp } from "@heddle/mesh/model/address.ts";
import type { Document } from "@heddle/mesh/model/document.ts";
import type { PickerName } from "@heddle/mesh/model/policy.ts";
import { findPrograms, leanMalloc } from "../../packages/cli/src/command/programs.ts";
import { runAtRate } from "../load/open-loop.ts";
import { median } from "../measure/median.ts";
import { freePort, whenListening } from "../rig/ports.ts";
import type { Rig } from "../rig/rig.ts";
import { needTool } from "../rig/tools.ts";
import { callerDocuments } from "../subject/heddle-documents.ts";

/** Ten endpoints, of which one takes fifty times as long. */
const delaysMs = [100, 2, 2, 2, 2, 2, 2, 2, 2, 2] as const;

export interface SlowEndpoint {
  readonly subject: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** One proxy in front of ten endpoints, one of them slow, under an open crowd: what the crowd waits, the median of rounds in turn. */
export async function measureSlowEndpoint(
  rig: Rig,
  options: { readonly seconds: number; readonly ratePerSecond: number; readonly rounds: number },
): Promise<readonly SlowEndpoint[]> {
  const first = 21_000 + (process.pid % 4000) * 2;
  const script = new URL("../peers/delayed-origins.mjs", import.meta.url).pathname;
  rig.children.start({
    name: "delayed origins",
    cpu: rig.cpus.load,
    command: [process.execPath, script, String(first), ...delaysMs.map(String)],
  });
  const ports = delaysMs.map((_, index) => first + index);
  for (const port of ports) await whenListening(port);
  const subjects: readonly [string, () => Promise<number>][] = [
    ["heddle p2c-ewma", () => startHeddle(rig, "p2c-ewma", ports)],
    ["heddle least-request", () => startHeddle(rig, "least-request", ports)],
    ["heddle round-robin", () => startHeddle(rig, "round-robin", ports)],
    ["haproxy leastconn", () => startHaproxy(rig, "leastconn", ports)],
    ["haproxy roundrobin", () => startHaproxy(rig, "roundrobin", ports)],
  ];
  const running = [];
  for (const [subject, start] of subjects) {
    const port = await start();
    await whenListening(port);
    running.push({ subject, port, p50: [] as number[], p99: [] as number[] });
  }
  const { rounds, ...load } = options;
  for (let round = 0; round < rounds; round++) {
    for (const { port, p50, p99 } of running) {
      const crowd = { port, heads: "small", connections: 64, folder: rig.folder } as const;
      const { p50Ms, p99Ms } = await runAtRate({ ...crowd, ...load });
      p50.push(p50Ms);
      p99.push(p99Ms);
    }
  }
  return running.map(({ subject, p50, p99 }) => ({
    subject,
    p50Ms: median(p50)!,
    p99Ms: median(p99)!,
  }));
}

async function startHeddle(rig: Rig, picker: PickerName, ports: readonly number[]) {
  const folder = join(rig.folder, `balance-${picker}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const port = await freePort();
  const documents = callerDocuments({
    port,
    upstream: ports[0]!,
    identity: null,
    peer: null,
    contract: null,
    protocol: "http",
  }).map((document) => withEndpoints(document, picker, ports));
  const config = join(folder, "documents.json");
  writeFileSync(config, JSON.stringify({ documents }));
  rig.children.start({
    name: `heddle ${picker}`,
    cpu: rig.cpus.proxy,
    command: [...(await findPrograms()).proxy, "--config", config, "--state", folder],
    env: leanMalloc,
  });
  return port;
}

function withEndpoints(document: Document, picker: PickerName, ports: readonly number[]): Document {
  if (document.kind === "service") {
    return { ...document, policy: { ...document.policy, picker } };
  }
  if (document.kind !== "endpoints") return document;
  const [one] = document.endpoints;
  const endpoints = ports.map((port, index) => ({
    ...one!,
    uid: `callee-${index}`,
    workload: `callee-${index}`,
    address: tcp("127.0.0.1", port),
  }));
  return { ...document, endpoints };
}

async function startHaproxy(rig: Rig, balance: string, ports: readonly number[]) {
  const port = await freePort();
  const servers = ports.map((one, index) => `    server s${index} 127.0.0.1:${one}`).join("\n");
  const config = `global
    nbthread 1
    maxconn 4000
    tune.idle-pool.shared off
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 30s
    http-reuse always
frontend front
    bind 127.0.0.1:${port}
    default_backend back
backend back
    balance ${balance}
${servers}
`;
  const file = join(rig.folder, `haproxy-${balance}.cfg`);
  writeFileSync(file, config);
  rig.children.start({
    name: `haproxy ${balance}`,
    cpu: rig.cpus.proxy,
    command: [needTool("haproxy"), "-db", "-q", "-f", file],
  });
  return port;
}
