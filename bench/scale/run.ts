import { fork } from "node:child_process";
import { join } from "node:path";
import { controlHeap } from "../../packages/cli/src/command/control-heap.ts";
import { leanMalloc } from "../../packages/cli/src/command/programs.ts";
import { compileFull } from "./compile.ts";
import type { ControlMemory, FromControl } from "./control.ts";
import { measureMatching } from "./matching.ts";
import type { Counted, ToProxies } from "./proxies.ts";
import { issueSize, type Size } from "./world.ts";

/** What a run over one size of mesh came to. */
interface Driven {
  readonly loadMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the control plane, for one change. */
  readonly cpuMs: number;
  /** Of all proxies together, for one change. */
  readonly proxiesCpuMs: number;
  /** Of one change, to one proxy. */
  readonly bytesPerDelta: number;
  readonly largestBytes: number;
  readonly memory: ControlMemory;
}

const bars = { compileMs: 2000, ackP99Ms: 250, memoryMb: 400, matchUs: 2 } as const;

/** Issue 5's scale of configuration. 0: every bar is met; 1: one is not. */
export async function runScale(isQuick: boolean, print: (text: string) => void): Promise<number> {
  const changes = isQuick ? 20 : 200;
  const matching = measureMatching();
  const compiled = compileFull(issueSize);
  const tenth: Size = { ...issueSize, services: 100, proxies: 20 };
  const [small, full] = [await drive(tenth, changes), await drive(issueSize, changes)];
  const rows: [what: string, figure: string, bar: string, isMet: boolean][] = [
    [
      "full compile",
      `${compiled.wallMs.toFixed(0)} ms (CPU ${compiled.cpuMs.toFixed(0)} ms)`,
      `${bars.compileMs} ms`,
      compiled.wallMs <= bars.compileMs,
    ],
    [
      "one endpoint's change to the last proxy's ACK, p99",
      `${full.p99Ms.toFixed(1)} ms (p50 ${full.p50Ms.toFixed(1)}; CPU ${full.cpuMs.toFixed(0)} ms, and of all proxies ${full.proxiesCpuMs.toFixed(0)} ms)`,
      `${bars.ackP99Ms} ms`,
      full.p99Ms <= bars.ackP99Ms,
    ],
    [
      "octets to each proxy for it, here and in a mesh of a tenth",
      `${full.bytesPerDelta.toFixed(0)}, ${small.bytesPerDelta.toFixed(0)}`,
      "equal within 2 %",
      Math.abs(full.bytesPerDelta / small.bytesPerDelta - 1) <= 0.02,
    ],
    [
      "control plane, Private_Dirty after 10 s of rest",
      `${full.memory.privateDirtyMb.toFixed(0)} MB (RSS ${full.memory.rssMb.toFixed(0)}, heap ${full.memory.heapMb.toFixed(0)})`,
      `${bars.memoryMb} MB`,
      full.memory.privateDirtyMb <= bars.memoryMb,
    ],
    [
      `match among 1,000 routes, ${(100 * matching.hits).toFixed(0)} % hits`,
      `${matching.us.toFixed(2)} µs`,
      `${bars.matchUs} µs`,
      matching.us <= bars.matchUs,
    ],
  ];
  const { services, routesPerService, proxies, backedByEach } = issueSize;
  print(
    `scale: ${services} services, ${services * routesPerService} routes, ${proxies * backedByEach} endpoints, ` +
      `${proxies} proxies; from nothing to all of them in ${(full.loadMs / 1000).toFixed(1)} s\n\n`,
  );
  print("| what | figure | bar | met |\n|---|---|---|---|\n");
  for (const [what, figure, bar, isMet] of rows) {
    print(`| ${what} | ${figure} | ${bar} | ${isMet ? "yes" : "**no**"} |\n`);
  }
  return rows.every(([, , , isMet]) => isMet) ? 0 : 1;
}

/** A control plane in one process, all proxies in another; changes one by one. */
async function drive(size: Size, changes: number): Promise<Driven> {
  const cwd = join(import.meta.dirname, "../..");
  const quiet = "--disable-warning=ExperimentalWarning";
  const control = fork(
    join(import.meta.dirname, "control.ts"),
    [JSON.stringify(size), String(changes)],
    // As `heddle up` starts it.
    { execArgv: [quiet, ...controlHeap], env: { ...process.env, ...leanMalloc }, cwd },
  );
  const proxies = fork(join(import.meta.dirname, "proxies.ts"), [], { execArgv: [quiet], cwd });
  const count = () => {
    const counted = new Promise<Counted>((resolve) => proxies.once("message", resolve));
    proxies.send({ type: "count" } satisfies ToProxies);
    return counted;
  };
  try {
    return await new Promise<Driven>((resolve, reject) => {
      let loadMs = 0;
      const onEnd = () => reject(new Error("the control plane or the proxies ended"));
      control.once("exit", onEnd);
      proxies.once("exit", onEnd);
      control.on("message", async (message: FromControl) => {
        switch (message.type) {
          case "open":
            proxies.send({ ...message, type: "join" } satisfies ToProxies);
            return;
          case "known":
            ({ loadMs } = message);
            await count();
            return;
          case "changes": {
            const { deltas, bytes, largest, cpuMs } = await count();
            const sorted = message.ms.toSorted((a, b) => a - b);
            const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1]!;
            resolve({
              loadMs,
              p50Ms: at(0.5),
              p99Ms: at(0.99),
              cpuMs: message.cpuMs,
              proxiesCpuMs: cpuMs / changes,
              bytesPerDelta: bytes / deltas,
              largestBytes: largest,
              memory: message.memory,
            });
          }
        }
      });
    });
  } finally {
    control.removeAllListeners();
    proxies.removeAllListeners();
    control.kill();
    proxies.kill();
  }
}
