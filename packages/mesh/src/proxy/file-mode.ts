import { statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { readDocuments } from "../discovery/file.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { openAdmin } from "./admin.ts";
import { showSnapshot } from "./admin-views.ts";
import { AdmissionMetrics } from "./admission-metrics.ts";
import { BalancerMetrics } from "./balancer-metrics.ts";
import { drainGraceMs, drainWorkload } from "./drain.ts";
import { bindsItself } from "./listeners.ts";
import type { Sidecar } from "./sidecar.ts";
import { systemResolver } from "./system-resolver.ts";
import { watchPath } from "./watch-path.ts";
import { Workload } from "./workload.ts";

/** Changes of files within this time are read together, in ms. */
const settleMs = 100;

/**
 * Runs a proxy from documents on disk until SIGTERM or SIGINT. SIGHUP, or a change of the files, reads them again. Its
 * admin socket is `admin.sock` in its state folder, or, without one, in the folder of its documents.
 */
export async function runFromFile(
  sidecar: Sidecar,
  path: string,
  stateDir: string | null,
): Promise<void> {
  const { clock, log, recorder } = sidecar;
  const workload = new Workload({
    ...sidecar,
    connectionCounter: recorder,
    onLimit: (limit) => recorder.limit(limit),
    sockets: bindsItself,
    resolver: systemResolver,
    trust: null,
    want: () => {}, // what is not in the files will not come
  });
  let revision = 0;
  let snapshot: Snapshot | null = null;
  let refused: Record<string, readonly string[]> = {};

  const load = async (): Promise<void> => {
    const read = await readDocuments(path, ++revision);
    for (const error of read.errors) log.error({ error }, "refused");
    const broken = workload.apply(read.snapshot, read.refused);
    snapshot = read.snapshot;
    refused = Object.fromEntries([...read.refused, ...broken].map((r) => [r.document, r.errors]));
    for (const { document, errors } of broken) log.error({ document, errors }, "refused");
    if (workload.doc !== null) recorder.recording.workload = workload.doc.workload;
    await workload.listeners.settled();
    log.info({ revision, missing: workload.listeners.missing() }, "serving");
  };
  const reload = (): void => {
    load().catch((cause: Error) => log.error({ cause: cause.message }, "not read; still serving"));
  };
  await load();
  sidecar.stalls.start(() => workload.activity);
  new BalancerMetrics(sidecar.metrics, workload.upstream);
  new AdmissionMetrics(sidecar.metrics, workload.admissions);

  // Before the folder is watched: a socket that appears there is no change of the documents.
  const adminDir = stateDir ?? (statSync(path).isDirectory() ? path : null);
  if (stateDir !== null) await mkdir(stateDir, { recursive: true, mode: 0o700 });
  if (adminDir !== null) {
    const admin = join(adminDir, "admin.sock");
    await openAdmin(admin, {
      workload,
      metrics: sidecar.metrics,
      recording: recorder.recording,
      log,
      isReady: () => workload.listeners.missing().length === 0,
      snapshot: () => showSnapshot(snapshot, refused),
    }).catch((cause: Error) => {
      // A folder that cannot be written, or a path too long for a socket: it serves all the same.
      log.warn({ admin, cause: cause.message }, "no admin socket");
    });
  }
  process.on("SIGHUP", reload);
  let timer = clock.after(0, () => {});
  const watcher = watchPath(
    path,
    () => {
      timer.cancel();
      timer = clock.after(settleMs, reload);
    },
    (cause) => log.warn({ cause: cause.message }, "files not watched any more; SIGHUP reads them"),
  );
  let isEnding = false;
  const end = (): void => {
    if (isEnding) process.exit(0);
    isEnding = true;
    watcher.close();
    drainWorkload(workload, clock, drainGraceMs, () => process.exit(0));
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
}
