import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ExampleMesh } from "../support/mesh.ts";
import { Load } from "./load.ts";
import type { Outcome } from "./outcome.ts";

const total = 1500;
const perSecond = 50; // below the 100 a second that tap shows by default

interface StatRow {
  readonly name: string;
  readonly success: number | null;
  readonly rps: number;
}
interface EdgeRow {
  readonly source: string;
  readonly destination: string;
  readonly isSecured: boolean;
}

/** `stat`, `edges` and `tap` say what the load generator counted. */
export async function agreeOnCounts(): Promise<Outcome> {
  const mesh = await ExampleMesh.start(withoutVisitor);
  try {
    const main = join(import.meta.dirname, "..", "..", "packages", "cli", "src", "main.ts");
    const tap = spawn(process.execPath, [main, "tap", "service/kvs", "-o", "json"], {
      cwd: mesh.folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let tapped = "";
    tap.stdout.setEncoding("utf8").on("data", (text: string) => (tapped += text));
    await sleep(62_000); // the window of `stat` is a full one
    let sent = 0;
    const load = new Load({
      url: mesh.url,
      requestsPerSecond: perSecond,
      connections: 8,
      next: () => ({ method: "GET", path: `/kvs/${++sent}`, body: null }),
      judge: (_sent, got) => (got.status === 200 ? null : `status ${got.status} ${got.reason}`),
    });
    while (sent < total) await sleep(1);
    const tally = await load.stop();
    await sleep(3000);
    const stat = await mesh.json<readonly StatRow[]>("stat", "services");
    const edges = await mesh.json<readonly EdgeRow[]>("edges");
    tap.kill("SIGINT");
    const kvs = stat.find((row) => row.name === "kvs");
    const counted = Math.round((kvs?.rps ?? 0) * 60);
    const seen = tapped
      .split("\n")
      .filter((line) => /"(?:event|kind|type)":\s*"req/.test(line)).length;
    const isSecured = edges.some(
      (edge) => edge.source === "front" && edge.destination === "kvs" && edge.isSecured,
    );
    return {
      holds:
        tally.answered === tally.sent &&
        counted === tally.sent &&
        seen === tally.sent &&
        kvs?.success === 1 &&
        isSecured,
      figures: {
        "sent and answered": `${tally.sent} / ${tally.answered}`,
        "counted by stat (rps × 60)": counted,
        "seen by tap": seen,
        "edge front → kvs": isSecured ? "secured" : "not secured",
      },
    };
  } finally {
    await mesh.stop();
  }
}

/** The visitor's own questions would be counted, too. */
function withoutVisitor(manifest: string): string {
  return manifest
    .split(/^---$/m)
    .filter((document) => !/name: visitor\b/.test(document))
    .join("---");
}
