/**
 * `npm run soak [-- --minutes 30] [--seed 1]`: traffic of every kind through two real proxies, with aborts, slow readers and a process
 * that is killed every half minute. Stops by itself. Exit 1 where a byte was wrong, something hung, or memory or descriptors grew.
 */
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { freePort, whenListening } from "../conformance/rig/ports.ts";
import type { Program } from "../conformance/rig/programs.ts";
import { ProxyPair } from "../conformance/rig/proxy-pair.ts";
import { Rig } from "../conformance/rig/rig.ts";
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
  const targets = [await freePort(), await freePort(), await freePort()] as const;
  const command = ["node", join(import.meta.dirname, "origins.ts"), ...targets.map(String)];
  const begin = async (): Promise<Program> => {
    const program = rig.start(command);
    for (const port of targets) await whenListening(port);
    return program;
  };
  let origins = await begin();
  const names = ["web", "h2", "tcp"] as const;
  const services = names.map((name, at) => ({
    name,
    protocol: "detect" as const,
    target: targets[at]!,
  }));
  const pair = await ProxyPair.start(rig, services);
  const ports: Ports = {
    web: pair.portOf("web"),
    h2: pair.portOf("h2"),
    tcp: pair.portOf("tcp"),
  };
  const rng = new SeededRng(seed);
  const startedMs = performance.now();
  const sinceMs = (): number => performance.now() - startedMs;
  const tally = new Tally();
  const settled = { caller: [] as Sample[], callee: [] as Sample[] };
  const loaded = { caller: [] as Sample[], callee: [] as Sample[] };
  let kills = 0;
  const look = (into: typeof settled): void => {
    for (const side of ["caller", "callee"] as const)
      into[side].push(takeSample(pair[side].pid, sinceMs()));
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
      kills++;
      origins.kill();
      await rig.stop(origins);
      origins = await begin();
    }
    tally.isStopping = true;
    await traffic;
    closeSessions();
    for (const side of ["caller", "callee"] as const) {
      if (pair[side].isRunning) continue;
      process.stdout.write(`✘ the ${side}'s proxy has ended: ${pair[side].said}\n`);
      return 1;
    }
    await sleep(settleMs);
    look(settled);
    const { caller, callee } = settled;
    process.stderr.write(
      `${(sinceMs() / 1000).toFixed(0)} s  settled: ${show(caller.at(-1)!)} · ${show(callee.at(-1)!)}\n`,
    );
  }

  const lines: string[] = [`${minutes} minutes, seed ${seed}, processes killed ${kills} times`, ""];
  for (const [kind, { done, octets, wrongBytes, errors }] of tally.kinds) {
    const seen = [...errors].map(([words, times]) => `${times} × ${words}`).join(", ");
    const right = `${done} done, ${(octets / 1e6).toFixed(0)} MB right`;
    const wrong = wrongBytes > 0 ? `, ${wrongBytes} WRONG` : "";
    lines.push(`${kind.padEnd(12)} ${right}${wrong}${seen === "" ? "" : `; ${seen}`}`);
  }
  const against = tally.wrongBytes > 0 ? [`${tally.wrongBytes} answers with a wrong byte`] : [];
  if (tally.stuck > 0) against.push(`${tally.stuck} pieces of traffic came to no end`);
  for (const side of ["caller", "callee"] as const) {
    const counted = settled[side].slice(1);
    const kb = growthPerHour(counted, ({ privateDirtyKb }) => privateDirtyKb);
    const peak = Math.max(...loaded[side].map(({ privateDirtyKb }) => privateDirtyKb));
    lines.push(
      "",
      `${side}: settled ${counted.map(show).join(", ")}`,
      `  grows by ${(kb / 1024).toFixed(1)} MB an hour; ${(peak / 1024).toFixed(0)} MB at most under load`,
      `  reasons: ${(await reasonsOf(pair.adminSocket(side))) || "none"}`,
    );
    const why = objectToGrowth(side, counted);
    if (why !== null) against.push(why);
  }
  lines.push(
    "",
    ...(against.length === 0
      ? ["✔ nothing grew, every byte was right"]
      : against.map((why) => `✘ ${why}`)),
  );
  process.stdout.write(`${lines.join("\n")}\n`);
  return against.length === 0 ? 0 : 1;
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
