/**
 * `npm run soak [-- --minutes 30] [--seed 1]`: traffic of every kind through two real proxies, with aborts, slow readers and a process
 * that is killed every half minute. Stops by itself. Exit 1 where a byte was wrong, something hung, or memory or descriptors grew.
 */
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import type { Program } from "../conformance/rig/programs.ts";
import { type PairService, ProxyPair } from "../conformance/rig/proxy-pair.ts";
import { Rig } from "../conformance/rig/rig.ts";
import { freePort, whenListening } from "../support/ports.ts";
import { growthPerHour, type Sample, takeSample } from "./sample.ts";
import { Tally } from "./tally.ts";
import { closeSessions, type Ports, runTraffic } from "./traffic.ts";
import { objectToGrowth } from "./verdict.ts";

/** Parts of a soak, each followed by a pause in which proxies settle; the first is not counted: heaps find their size in it. */
const parts = 6;
/** Without traffic before a proxy is looked at, in ms: idle connections stay, garbage goes with the first collection. */
const settleMs = 6000;
/** Between two kills of the processes behind the proxies, in ms. */
const killEveryMs = 30_000;

const sides = ["caller", "callee"] as const;
type Side = (typeof sides)[number];
/** What was seen of both proxies, in order. */
type Looks = Readonly<Record<Side, Sample[]>>;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "30" },
      seed: { type: "string", default: "1" },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) {
    process.stderr.write("usage: npm run soak [-- --minutes <n>] [--seed <n>]\n");
    return 64;
  }
  const rig = new Rig();
  try {
    return await soak(rig, minutes, Number(values.seed));
  } finally {
    closeSessions();
    await rig.close();
  }
}

async function soak(rig: Rig, minutes: number, seed: number): Promise<number> {
  const origins = await Origins.start(rig);
  const pair = await ProxyPair.start(rig, origins.services);
  const ports: Ports = { web: pair.portOf("web"), h2: pair.portOf("h2"), tcp: pair.portOf("tcp") };
  const rng = new SeededRng(seed);
  const startedMs = performance.now();
  const sinceMs = (): number => performance.now() - startedMs;
  const tally = new Tally();
  const settled: Looks = { caller: [], callee: [] };
  const loaded: Looks = { caller: [], callee: [] };
  const look = (into: Looks): void => {
    for (const side of sides) into[side].push(takeSample(pair[side].pid, sinceMs()));
  };

  const partMs = Math.max(5000, (minutes * 60_000) / parts - settleMs);
  for (let part = 0; part < parts; part++) {
    tally.isStopping = false;
    const traffic = runTraffic(ports, tally, () => new SeededRng(rng.below(2 ** 31)));
    const endMs = sinceMs() + partMs;
    let killAtMs = sinceMs() + Math.min(killEveryMs, partMs / 2);
    while (sinceMs() < endMs) {
      await sleep(Math.min(1000, Math.max(0, endMs - sinceMs())));
      if (!pair.caller.isRunning || !pair.callee.isRunning) break;
      look(loaded);
      if (sinceMs() < killAtMs) continue;
      killAtMs += killEveryMs;
      await origins.kill();
    }
    tally.isStopping = true;
    await traffic;
    closeSessions();
    const ended = sides.find((side) => !pair[side].isRunning);
    if (ended !== undefined) {
      process.stdout.write(`✘ the ${ended}'s proxy has ended: ${pair[ended].said}\n`);
      return 1;
    }
    await sleep(settleMs);
    look(settled);
    const shown = sides.map((side) => show(settled[side].at(-1)!)).join(" · ");
    process.stderr.write(`${(sinceMs() / 1000).toFixed(0)} s  settled: ${shown}\n`);
  }

  process.stdout.write(
    `${minutes} minutes, seed ${seed}, processes killed ${origins.kills} times\n\n${tellTally(tally)}\n`,
  );
  const against = objectToTally(tally);
  for (const side of sides) {
    const counted = settled[side].slice(1);
    process.stdout.write(`\n${tellGrowth(side, counted, loaded[side])}\n`);
    process.stdout.write(`  reasons: ${(await reasonsOf(pair.adminSocket(side))) || "none"}\n`);
    const why = objectToGrowth(side, counted);
    if (why !== null) against.push(why);
  }
  for (const why of against) process.stdout.write(`\n✘ ${why}`);
  if (against.length === 0) process.stdout.write("\n✔ nothing grew, every byte was right");
  process.stdout.write("\n");
  return against.length === 0 ? 0 : 1;
}

/** The processes behind the proxies: one program, on the same ports in each of its lives. */
class Origins {
  readonly services: readonly PairService[];
  kills = 0;
  readonly #rig: Rig;
  #program: Program | null = null;

  private constructor(rig: Rig, services: readonly PairService[]) {
    this.#rig = rig;
    this.services = services;
  }

  static async start(rig: Rig): Promise<Origins> {
    const services: PairService[] = [];
    for (const name of ["web", "h2", "tcp"]) {
      services.push({ name, protocol: "detect", target: await freePort() });
    }
    const origins = new Origins(rig, services);
    await origins.#begin();
    return origins;
  }

  /** As by `kill -9`; another one takes its place. */
  async kill(): Promise<void> {
    this.kills++;
    this.#program!.kill();
    await this.#rig.stop(this.#program!);
    await this.#begin();
  }

  async #begin(): Promise<void> {
    const targets = this.services.map(({ target }) => target);
    const file = join(import.meta.dirname, "origins.ts");
    this.#program = this.#rig.start(["node", file, ...targets.map(String)]);
    for (const port of targets) await whenListening(port);
  }
}

function tellTally(tally: Tally): string {
  const lines = [...tally.kinds].map(([kind, { done, octets, wrongBytes, errors }]) => {
    const seen = [...errors].map(([words, times]) => `${times} × ${words}`).join(", ");
    const right = `${done} done, ${(octets / 1e6).toFixed(0)} MB right`;
    const wrong = wrongBytes > 0 ? `, ${wrongBytes} WRONG` : "";
    return `${kind.padEnd(12)} ${right}${wrong}${seen === "" ? "" : `; ${seen}`}`;
  });
  return lines.join("\n");
}

function objectToTally({ wrongBytes, stuck }: Tally): string[] {
  const against: string[] = [];
  if (wrongBytes > 0) against.push(`${wrongBytes} answers with a wrong byte`);
  if (stuck > 0) against.push(`${stuck} pieces of traffic came to no end`);
  return against;
}

function tellGrowth(side: Side, settled: readonly Sample[], loaded: readonly Sample[]): string {
  const kb = growthPerHour(settled, ({ privateDirtyKb }) => privateDirtyKb);
  const peak = Math.max(...loaded.map(({ privateDirtyKb }) => privateDirtyKb));
  return [
    `${side}: settled ${settled.map(show).join(", ")}`,
    `  grows by ${(kb / 1024).toFixed(1)} MB an hour; ${(peak / 1024).toFixed(0)} MB at most under load`,
  ].join("\n");
}

function show({ privateDirtyKb, descriptors }: Sample): string {
  return `${(privateDirtyKb / 1024).toFixed(1)} MB ${descriptors} fds`;
}

/** Answers that a proxy made itself, by reason, out of its metrics. */
async function reasonsOf(adminSocket: string): Promise<string> {
  const text = await new Promise<string>((resolve, reject) => {
    const asking = request(
      { socketPath: adminSocket, path: "/metrics", timeout: 5000 },
      (reply) => {
        let body = "";
        reply.setEncoding("utf8").on("data", (part: string) => {
          body += part;
        });
        reply.once("end", () => resolve(body)).once("error", reject);
      },
    );
    asking.once("error", reject).once("timeout", () => asking.destroy(new Error("admin: 5 s")));
    asking.end();
  });
  const sums = new Map<string, number>();
  for (const [, labels = "", value = "0"] of text.matchAll(
    /^heddle_exchanges_total\{([^}]*)\} (\d+)/gm,
  )) {
    const reason = /reason="([^"]+)"/.exec(labels)?.[1];
    if (reason !== undefined && reason !== "")
      sums.set(reason, (sums.get(reason) ?? 0) + Number(value));
  }
  return [...sums].map(([reason, count]) => `${count} ${reason}`).join(", ");
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => process.exit(signal === "SIGINT" ? 130 : 143));
}
process.exit(await main());
