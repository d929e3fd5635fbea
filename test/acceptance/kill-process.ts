import { setTimeout as sleep } from "node:timers/promises";
import { ExampleMesh } from "../support/mesh.ts";
import { Load } from "./load.ts";
import type { Outcome } from "./outcome.ts";

const keys = 600;

interface EndpointRow {
  readonly workload: string;
  readonly state: string;
}

/** Killing one kvs process loses its own keys only; callers of other keys see no error. */
export async function loseOnlyOwnKeys(): Promise<Outcome> {
  const mesh = await ExampleMesh.start();
  try {
    await fill(mesh.url);
    const before = await mesh.workloads();
    const victim = before.find((row) => row.name === "kvs-1");
    if (victim?.app?.pid == null) throw new Error("kvs-1 does not run");
    const failedWhileDown = new Set<number>();
    const lost = new Set<number>();
    let key = 0;
    const load = new Load({
      url: mesh.url,
      requestsPerSecond: 500,
      connections: 16,
      next: () => ({ method: "GET", path: `/kvs/${1 + (key++ % keys)}`, body: null }),
      judge: (sent, got) => {
        const asked = Number(sent.path.slice("/kvs/".length));
        if (got.status !== 200) failedWhileDown.add(asked);
        else if (got.body !== `value ${asked}`) lost.add(asked);
        return null;
      },
    });
    await sleep(1000);
    process.kill(victim.app.pid, "SIGKILL");
    await sleep(6000);
    const tally = await load.stop();
    const endpoints = await mesh.json<readonly EndpointRow[]>("endpoints", "service/kvs");
    const broken = [...tally.wrong.values()].reduce((sum, count) => sum + count, 0);
    const strangers = [...failedWhileDown].filter((failed) => !lost.has(failed));
    const isThird = lost.size > keys / 6 && lost.size < keys / 2;
    return {
      holds: broken === 0 && strangers.length === 0 && isThird,
      figures: {
        "keys lost with kvs-1": `${lost.size} of ${keys}`,
        "keys of others that failed": strangers.length,
        "keys of kvs-1 that failed while it was away": failedWhileDown.size,
        "requests without a clear answer": broken,
        endpoints: endpoints.map((row) => `${row.workload} ${row.state}`).join(", "),
      },
    };
  } finally {
    await mesh.stop();
  }
}

async function fill(url: string): Promise<void> {
  for (let key = 1; key <= keys; key++) {
    const reply = await fetch(`${url}/kvs/${key}`, { method: "PUT", body: `value ${key}` });
    await reply.arrayBuffer();
    if (reply.status !== 201) throw new Error(`PUT /kvs/${key}: ${reply.status}`);
  }
}
