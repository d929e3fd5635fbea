import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { generateKey } from "@heddle/mesh/identity/key.ts";
import { Plane } from "../../packages/control/test/plane.ts";
import { changing, changingProcess, issueSize, type Size, worldOf } from "./world.ts";

/** From this process to the bench. */
export type FromControl =
  | { readonly type: "open"; readonly port: number; readonly members: readonly MemberSecrets[] }
  | { readonly type: "known"; readonly loadMs: number }
  | {
      readonly type: "changes";
      readonly ms: readonly number[];
      /** CPU time of this process for one change, the pause after it included. */
      readonly cpuMs: number;
      readonly memory: ControlMemory;
    };

export interface ControlMemory {
  readonly rssMb: number;
  readonly privateDirtyMb: number;
  readonly heapMb: number;
}

/** With which a light proxy shows who it is. */
export interface MemberSecrets {
  readonly uid: string;
  readonly spiffeId: string;
  readonly keyPem: string;
  readonly chainPem: string;
  readonly bundlePem: string;
}

const size: Size = { ...issueSize, ...JSON.parse(process.argv[2] ?? "{}") };
const changes = Number(process.argv[3] ?? 100);
const tell = (message: FromControl) => void process.send?.(message);

/** The control plane, its certificates and its door for proxies are the real ones; the store is in memory, and nobody supervises. */
const plane = await Plane.open();
const startedMs = performance.now();
await plane.apply(...worldOf(size));
const count = size.proxies + 1;
await plane.until(
  "workloads",
  () => plane.controller.views.size === count && plane.desired.workloads.length === count,
);
for (let index = 0; index < size.proxies; index++) plane.setReady(`app-${index}-0`, true);
plane.setReady(`${changingProcess}-0`, true);
const members: MemberSecrets[] = [];
for (const { uid } of plane.controller.views.values()) {
  const key = await generateKey();
  const spiffeId = plane.controller.identityOf(uid)!;
  const chainPem = await plane.authority.issue(spiffeId, key.publicPem);
  members.push({
    uid,
    spiffeId,
    keyPem: key.privatePem,
    chainPem,
    bundlePem: plane.authority.bundlePem,
  });
}
const { address } = plane.door;
if (address.kind !== "tcp") throw new Error("the door is no TCP port");

/** Calls back whenever a proxy has acknowledged. */
let onAcknowledged: (uid: string) => void = () => {};
const { controller } = plane;
const acknowledged = controller.acknowledged.bind(controller);
controller.acknowledged = (uid, ...said) => {
  acknowledged(uid, ...said);
  onAcknowledged(uid);
};

/** Resolves once every proxy runs documents in which the endpoint is in `phase`. */
function allKnow(phase: string): Promise<void> {
  return new Promise((resolve) => {
    const waiting = new Set(members.map(({ uid }) => uid));
    onAcknowledged = (uid) => {
      const doc = controller.proxies
        .get(uid)
        .acknowledged?.documents.get(`endpoints/default/${changing}`);
      if (doc?.kind === "endpoints" && doc.endpoints[0]?.state.phase === phase) waiting.delete(uid);
      if (waiting.size === 0) resolve();
    };
    for (const { uid } of members) onAcknowledged(uid);
  });
}

tell({ type: "open", port: address.port, members });
await allKnow("ready");
await quiet();
tell({ type: "known", loadMs: performance.now() - startedMs });
const ms: number[] = [];
const cpu = process.cpuUsage();
for (let change = 0; change < changes; change++) {
  const isReady = change % 2 === 1;
  const all = allKnow(isReady ? "ready" : "away");
  const sinceMs = performance.now();
  plane.setReady(`${changingProcess}-0`, isReady);
  await all;
  ms.push(performance.now() - sinceMs);
  await quiet();
}
const { user, system } = process.cpuUsage(cpu);
const cpuMs = (user + system) / 1000 / changes;
await new Promise((resolve) => setTimeout(resolve, 10_000));
tell({ type: "changes", ms, cpuMs, memory: memoryNow() });

/** A pause in which what a change leaves to be done is done: changes are measured one by one. */
function quiet(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100 + randomBytes(1)[0]! / 5));
}

function memoryNow(): ControlMemory {
  const rollup = readFileSync("/proc/self/smaps_rollup", "utf8");
  const field = (name: string) =>
    Number(new RegExp(`^${name}: +(\\d+)`, "m").exec(rollup)?.[1]) / 1024;
  return {
    rssMb: field("Rss"),
    privateDirtyMb: field("Private_Dirty"),
    heapMb: process.memoryUsage().heapUsed / 2 ** 20,
  };
}
