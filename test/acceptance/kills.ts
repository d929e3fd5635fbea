import { setTimeout as sleep } from "node:timers/promises";
import { ExampleMesh } from "../support/mesh.ts";
import { Load } from "./load.ts";
import type { Outcome } from "./outcome.ts";

const keys = 300;

/**
 * Kills proxies (each in turn) or the control plane with SIGKILL, `count` times, under more than 1,000 requests a second. The only
 * requests that may fail are those that are not idempotent and were sent already.
 */
export async function surviveKills(what: "proxy" | "control", count: number): Promise<Outcome> {
  const mesh = await ExampleMesh.start();
  try {
    for (let key = 1; key <= keys; key++) {
      const reply = await fetch(`${mesh.url}/kvs/${key}`, { method: "PUT", body: "a" });
      await reply.arrayBuffer();
    }
    let turn = 0;
    const load = new Load({
      url: mesh.url,
      requestsPerSecond: 1100,
      connections: 32,
      next: () => {
        turn++;
        const path = `/kvs/${1 + (turn % keys)}`;
        if (turn % 20 === 0) return { method: "POST", path, body: "a" };
        if (turn % 5 === 0) return { method: "PUT", path, body: "a" };
        return { method: "GET", path, body: null };
      },
      judge: (sent, got) => {
        // The process itself refuses POST: an answer like any other.
        const wanted = sent.method === "POST" ? 405 : sent.method === "PUT" ? 201 : 200;
        if (got.status === wanted) return null;
        return `${sent.method} answered ${got.status} ${got.reason ?? ""}`;
      },
    });
    const started = performance.now();
    const victims: string[] = [];
    for (let kill = 0; kill < count; kill++) {
      await sleep(1500);
      victims.push(what === "control" ? await killControl(mesh) : await killProxy(mesh, kill));
    }
    await sleep(3000);
    const tally = await load.stop();
    const seconds = (performance.now() - started) / 1000;
    const postLost = [...tally.wrong].filter(([text]) =>
      text.startsWith("POST answered 502 reset"),
    );
    const lostAnswered = postLost.reduce((sum, [, times]) => sum + times, 0);
    const wrong = [...tally.wrong].filter(([text]) => !text.startsWith("POST answered 502 reset"));
    return {
      holds: wrong.length === 0,
      figures: {
        kills: `${victims.length} (${tallyOf(victims)})`,
        "requests sent": `${tally.sent}, ${Math.round(tally.sent / seconds)} a second`,
        "answered as they must be": tally.answered - lostAnswered - sum(wrong),
        "failed: not idempotent, already sent": tally.lost + lostAnswered,
        "failed otherwise": sum(wrong),
        "of these": wrong.map(([text, times]) => `${text} × ${times}`).join("; ") || "none",
        "sent once more by the client (its own proxy died)": tally.replayed,
      },
    };
  } finally {
    await mesh.stop();
  }
}

async function killProxy(mesh: ExampleMesh, turn: number): Promise<string> {
  const targets = ["kvs-0", "kvs-1", "kvs-2", "front-0"];
  const name = targets[turn % targets.length]!;
  const row = (await mesh.workloads()).find((candidate) => candidate.name === name);
  if (row?.proxy?.pid == null) throw new Error(`no proxy of ${name} to kill`);
  process.kill(row.proxy.pid, "SIGKILL");
  return name;
}

async function killControl(mesh: ExampleMesh): Promise<string> {
  process.kill(await mesh.controlPid(), "SIGKILL");
  return "control";
}

function sum(entries: readonly (readonly [string, number])[]): number {
  return entries.reduce((total, [, times]) => total + times, 0);
}

function tallyOf(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${name} ${count}`).join(", ");
}
