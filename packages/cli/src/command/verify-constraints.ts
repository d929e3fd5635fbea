import type { RevisionDetail, RevisionRow } from "@heddle/control/api/verbs.ts";
import { type Evidence, type IntentState, settleMs } from "@heddle/mesh/check/evidence.ts";
import { checkAll } from "@heddle/mesh/check/index.ts";
import { intentOver } from "@heddle/mesh/check/intent.ts";
import type { ConstraintReport } from "@heddle/mesh/check/report.ts";
import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import type { Workload } from "@heddle/mesh/resource/heddle/workload.ts";
import { findKindByWord, type KnownResource, kinds } from "@heddle/mesh/resource/index.ts";
import type { ApiClient } from "../api/client.ts";
import { lastOf, leftOut, recordsBound } from "../api/read-bound.ts";
import { completeFromWallMs, fetchRecorded } from "../api/recorded.ts";
import { formatReports } from "../render/constraints.ts";
import { count } from "../render/count.ts";
import { formatVerdictWord, verdictExits } from "../render/verdict-word.ts";
import { parseSince } from "./since.ts";
import { mustBeSeen } from "./unseen.ts";
import type { VerifyOptions } from "./verify-options.ts";
import { apiOf, type World } from "./world.ts";

/** A change shortly before the first record may still have been on its way, in ms. */
const lookBackMs = 60_000;

/** `heddle verify constraints`: intent and recorded histories against each other, by checkers of their own. Sets the exit code. */
export async function verifyConstraints(world: World, options: VerifyOptions): Promise<void> {
  const since = parseSince(options.since, world.clock.wallMs());
  const api = await apiOf(world, options);
  await mustBeSeen(api);
  // Of a message both ends are needed, and one of them may have begun before.
  const recorded = await fetchRecorded(api, {
    last: lastOf(recordsBound, options.since),
    ...(since === null ? {} : { since: String(since - settleMs) }),
  });
  const { batches } = recorded;
  const evidence: Evidence = {
    streams: recorded.kept,
    completeFromWallMs: Math.max(since ?? 0, completeFromWallMs(recorded)),
    intent: await intentFor(api, batches),
    workloads: (await api.list(findKindByWord("workloads")!, null)) as readonly Workload[],
    batches,
  };
  const reports = checkAll(evidence);
  const verdict = verdictOf(reports);
  if (options.output === "json") {
    world.out.write(`${JSON.stringify({ verdict, constraints: reports }, null, 2)}\n`);
  } else {
    world.out.write(formatReports(reports, world.out.style));
    const older = leftOut(recorded.complete, recordsBound, options.since);
    const more = older === null ? "" : `; ${older}`;
    world.out.write(`${formatVerdictWord(verdict, world.out.style)}: ${countOf(batches)}${more}\n`);
  }
  process.exitCode = verdictExits[verdict];
}

function verdictOf(reports: readonly ConstraintReport[]): ConstraintReport["verdict"] {
  const words = new Set(reports.map(({ verdict }) => verdict));
  if (words.has("violated")) return "violated";
  return words.has("undecided") ? "undecided" : "holds";
}

function countOf(batches: readonly RecordedBatch[]): string {
  const exchanges = batches.reduce((sum, batch) => sum + batch.exchanges.length, 0);
  const proxies = new Set(batches.map(({ workload }) => workload.uid)).size;
  return `${count(exchanges, "exchange")}, as ${proxies} proxies recorded them`;
}

/** Intent as far back as anything is recorded. */
async function intentFor(
  api: ApiClient,
  batches: readonly RecordedBatch[],
): Promise<readonly IntentState[]> {
  const starts = batches.flatMap(({ exchanges, wallOffsetMs }) =>
    exchanges.map(({ startMs }) => startMs + wallOffsetMs),
  );
  const firstWallMs = starts.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY);
  const rows = await api.verb<readonly RevisionRow[]>("revisions");
  const later = rows.filter(({ atWallMs }) => atWallMs >= firstWallMs - lookBackMs);
  const revisions: RevisionDetail[] = [];
  for (const { revision } of later) revisions.push(await api.verb(`revisions/${revision}`));
  const written = kinds.filter(({ isMade }) => !isMade);
  const lists = await Promise.all(written.map((kind) => api.list(kind, null)));
  return intentOver(lists.flat() as readonly KnownResource[], revisions);
}
