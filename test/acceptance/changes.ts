import { setTimeout as sleep } from "node:timers/promises";
import { EchoMesh } from "../conformance/traffic/echo-mesh.ts";
import { Load } from "./load.ts";
import type { Outcome } from "./outcome.ts";
import { type RouteChange, RouteChanges, versionField } from "./route-changes.ts";

/** Changes that may be on their way at a time. */
const lanes = 4;

export interface ChangesRun {
  readonly changes: number;
  /** All of them are made, evenly, in this time. */
  readonly seconds: number;
  readonly requestsPerSecond: number;
  /** Routes that are changed under the requests that use them. */
  readonly routes: number;
  readonly seed: number;
}

export interface ChangesTally {
  readonly made: number;
  readonly tookMs: number;
  readonly sent: number;
  /** Requests that did not get what some version in force says, by what they got. */
  readonly wrong: ReadonlyMap<string, number>;
  /** From sending a change to the first answer that shows it, in ms, in order. */
  readonly inForceMs: readonly number[];
}

/** 1,000 route changes in 60 s under 1,100 requests a second: not one failure made by the mesh, each change seen in force. */
export async function changeWithoutFear(): Promise<Outcome> {
  const mesh = await EchoMesh.start();
  try {
    const run = { changes: 1000, seconds: 60, requestsPerSecond: 1100, routes: 40, seed: 5 };
    const { made, tookMs, sent, wrong, inForceMs } = await changeUnderLoad(mesh, run);
    const rate = Math.round((sent * 1000) / tookMs);
    const at = (share: number) => `${Math.round(inForceMs[Math.floor((made - 1) * share)]!)} ms`;
    const failed = [...wrong.values()].reduce((sum, times) => sum + times, 0);
    return {
      holds: made === run.changes && tookMs <= 60_500 && rate >= 1000 && failed === 0,
      figures: {
        "changes made, each seen in force": `${made} in ${(tookMs / 1000).toFixed(1)} s`,
        "requests sent": `${sent}, ${rate} a second`,
        "failures, and answers of a version that was gone": failed,
        "of these": [...wrong].map(([text, times]) => `${text} × ${times}`).join("; ") || "none",
        "from apply to in force": `p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)}`,
      },
    };
  } finally {
    await mesh.stop();
  }
}

/**
 * Changes routes while requests use them. Each change is applied, then asked after until an answer shows it; a route is changed again only
 * after that. An answer that shows an older version than had been seen when its request was sent is wrong: a proxy does not go back.
 */
export async function changeUnderLoad(mesh: EchoMesh, run: ChangesRun): Promise<ChangesTally> {
  const { routes } = run;
  const changes = new RouteChanges(routes, run.seed);
  const seen = new Map<string, number>();
  const first = Array.from({ length: routes }, (_, index) => changes.change(index, 0));
  await mesh.put(first.map(({ route }) => route));
  const base = `http://127.0.0.1:${mesh.client.portOf("echo", "http")}`;
  for (const { probe } of first) await untilSeen(base, probe);
  let turn = 0;
  const load = new Load({
    url: base,
    requestsPerSecond: run.requestsPerSecond,
    connections: 32,
    next: () => {
      const name = `r${turn++ % routes}`;
      return { method: "GET", path: `/${name}?least=${seen.get(name) ?? 0}`, body: null };
    },
    judge: ({ path }, { status, reason, headers }) => {
      if (status !== 200) return `${status} ${reason ?? "by the process"}`;
      const [, least = "0"] = path.split("least=");
      return Number(headers[versionField]) >= Number(least) ? null : "a version that was gone";
    },
  });
  const began = performance.now();
  const inForceMs: number[] = [];
  let number = 0;
  const lane = async (own: number): Promise<void> => {
    while (number < run.changes) {
      const mine = ++number;
      const dueMs = began + ((mine - 1) * run.seconds * 1000) / run.changes - performance.now();
      if (dueMs > 0) await sleep(dueMs);
      const change = changes.next(mine, own, lanes);
      const sentMs = performance.now();
      if (change.isThere) await mesh.put([change.route]);
      else await mesh.remove([change.route]);
      await untilSeen(base, change.probe);
      inForceMs.push(performance.now() - sentMs);
      seen.set(change.route.metadata.name, mine);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, own) => lane(own)));
  const tookMs = performance.now() - began;
  const { sent, wrong, lost, replayed } = await load.stop();
  // A client's connection that breaks is a failure, too, even where it may ask again.
  if (lost + replayed > 0) wrong.set("a connection broke", lost + replayed);
  inForceMs.sort((a, b) => a - b);
  return { made: inForceMs.length, tookMs, sent, wrong, inForceMs };
}

/** Asks until an answer shows the change. */
async function untilSeen(
  base: string,
  { path, status, version }: RouteChange["probe"],
): Promise<void> {
  const end = performance.now() + 10_000;
  for (;;) {
    const reply = await fetch(`${base}${path}`);
    await reply.arrayBuffer();
    if (reply.status === status && reply.headers.get(versionField) === version) return;
    if (performance.now() > end) throw new Error(`${path} is not at ${version} after 10 s`);
  }
}
