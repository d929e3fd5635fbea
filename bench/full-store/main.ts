import { join } from "node:path";
import { parseArgs } from "node:util";
import type { StreamState } from "@heddle/control/recording/shelf.ts";
import { SqliteShelf } from "@heddle/control/recording/sqlite-shelf.ts";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import type { ProcessStart, RecordedBatch } from "@heddle/mesh/history/batch.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import { bootId } from "@heddle/mesh/proxy/boot-id.ts";
import { answering, fill } from "./fill.ts";

const usage = `\
node bench/full-store/main.ts --state <folder> [--exchanges 2000000] [--batch 100] [--minutes 120] [--seed 1] [--uids '{"kvs-0":"…"}']
  fills recorded.db of a mesh that is stopped with what its proxies might have sent until now`;

/** Batches of one transaction. */
const batchesAtOnce = 50;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      state: { type: "string" },
      exchanges: { type: "string", default: "2000000" },
      batch: { type: "string", default: "100" },
      minutes: { type: "string", default: "120" },
      seed: { type: "string", default: "1" },
      uids: { type: "string", default: "{}" },
    },
  });
  if (values.state === undefined) {
    process.stderr.write(`${usage}\n`);
    return 64;
  }
  const clock = new SystemClock();
  const uids = JSON.parse(values.uids) as Readonly<Record<string, string>>;
  const wallOffsetMs = clock.wallMs() - clock.monotonicMs();
  const boot = bootId();
  const spanMs = Number(values.minutes) * 60_000;
  const untilMs = clock.monotonicMs();
  const shelf = new SqliteShelf(join(values.state, "recorded.db"));
  const streams = new Map<string, StreamState>();
  let batches: RecordedBatch[] = [];
  let bytes = 0;
  let starts: ProcessStart[] = [];
  const commit = (complete: Parameters<SqliteShelf["commit"]>[0]["complete"] = {}) => {
    const sizes = shelf.commit({
      batches,
      streams: [...streams.values()],
      starts,
      evicted: [],
      complete,
      forget: null,
      nowWallMs: (batches.at(-1)?.exchanges.at(-1)?.endMs ?? untilMs) + wallOffsetMs,
    });
    bytes += sizes.reduce((sum, one) => sum + one, 0);
    [batches, starts] = [[], []];
  };
  const shape = {
    exchanges: Number(values.exchanges),
    batch: Number(values.batch),
    uidOf: (name: string) => uids[name] ?? `filled-${name}`,
    untilMs,
    spanMs,
    boot,
    wallOffsetMs,
  };
  starts = answering.map((name) => ({
    workload: { uid: shape.uidOf(name), name, namespace: "default" },
    atMs: untilMs - spanMs - 500,
    boot,
    wallMs: untilMs - spanMs - 500 + wallOffsetMs,
    restarts: 0,
  }));
  commit({ whole: { boot, sinceMs: untilMs - spanMs - 2000 } });
  for (const batch of fill(new SeededRng(Number(values.seed)), shape)) {
    const { life, store, from, exchanges, workload } = batch;
    const seenWallMs = untilMs + wallOffsetMs;
    const next = from + exchanges.length;
    const lastMs = exchanges.at(-1)!.endMs;
    streams.set(life, { uid: workload.uid, life, store, next, lastMs, boot, seenWallMs });
    batches.push(batch);
    if (batches.length >= batchesAtOnce) commit();
  }
  commit();
  process.stdout.write(
    `${JSON.stringify({ ...shelf.size("whole"), bytesWritten: bytes, seconds: (clock.monotonicMs() - untilMs) / 1000 })}\n`,
  );
  shelf.close();
  return 0;
}

process.exitCode = await main();
