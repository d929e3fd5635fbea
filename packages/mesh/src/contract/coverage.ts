import type { Gap, ProcessStart, RecordedBatch } from "../history/batch.ts";
import { numbered } from "../history/numbered.ts";
import type { Cut } from "./segments.ts";

/** What the record of one proxy leaves out, of the exchanges of services with a Contract. */
export interface ProxyCoverage {
  readonly uid: string;
  readonly name: string;
  /** It recorded from then on, each exchange but those in `gaps`; monotonic ms. */
  readonly sinceMs: number;
  /** Does the record begin with the first exchange of the life that began at `sinceMs`? */
  readonly hasFirst: boolean;
  readonly gaps: readonly (Cut & { readonly reason: Gap["reason"]; readonly missing: number })[];
}

/**
 * How far the batches of each proxy cover its time. Gaps are those that it or the control plane told, those between its
 * lives, since what a proxy has not sent dies with it, and numbers that are in no batch. A life whose batches are not
 * numbered has the gaps that are told: where the answer as a whole begins is said beside it.
 */
export function coverageOf(batches: readonly RecordedBatch[]): readonly ProxyCoverage[] {
  const whole = batches.filter(({ store }) => store === "whole");
  return [...Map.groupBy(whole, ({ workload }) => workload.uid).values()].map(proxyCoverage);
}

/** The first start of the process `uid`; null: it is not known. */
export function firstStartOf(
  uid: string,
  starts: readonly ProcessStart[],
  boot: string,
): ProcessStart | null {
  return (
    starts.find((one) => one.workload.uid === uid && one.boot === boot && one.restarts === 0) ??
    null
  );
}

function proxyCoverage(batches: readonly RecordedBatch[]): ProxyCoverage {
  const { workload } = batches[0]!;
  const lives = [...Map.groupBy(batches, ({ life }) => life).values()]
    .map(lifeCoverage)
    .sort((a, b) => a.sinceMs - b.sinceMs);
  const told = lives.flatMap(({ gaps }) => gaps);
  const between = lives.slice(1).flatMap((life, at) => {
    const [fromMs, toMs] = [lives[at]!.untilMs, life.sinceMs];
    const isTold = told.some((gap) => gap.fromMs <= fromMs && gap.toMs >= toMs);
    return isTold || (!life.isNumbered && isAfterAnother(life))
      ? []
      : [{ fromMs, toMs, reason: "restart" as const, missing: -1 }];
  });
  const [first] = lives;
  const laterBeginnings = lives.slice(1).flatMap((life) => (life.hasFirst ? [] : [life.beginning]));
  return {
    uid: workload.uid,
    name: workload.name,
    sinceMs: beginningOf(first!),
    hasFirst: first!.hasFirst,
    gaps: [...told, ...between, ...laterBeginnings],
  };
}

/**
 * Where a life is said to follow another, that one was recorded, too: what of it was asked for is here, be it nothing, as far
 * as the answer goes back.
 */
function beginningOf(first: LifeCoverage): number {
  if (!first.hasFirst) return first.beginning.toMs;
  return !first.isNumbered && isAfterAnother(first) ? -Infinity : first.sinceMs;
}

function isAfterAnother({ sinceMs, gaps }: LifeCoverage): boolean {
  return gaps.some(({ reason, toMs }) => reason === "restart" && toMs === sinceMs);
}

interface LifeCoverage {
  readonly sinceMs: number;
  /** The last moment that its batches tell of. */
  readonly untilMs: number;
  readonly hasFirst: boolean;
  readonly isNumbered: boolean;
  /** Where it has not: what is not recorded. */
  readonly beginning: ProxyCoverage["gaps"][number];
  readonly gaps: ProxyCoverage["gaps"];
}

function lifeCoverage(batches: readonly RecordedBatch[]): LifeCoverage {
  const { sinceMs } = batches[0]!;
  const ordered = numbered(batches);
  // A batch may have come twice.
  const told = [
    ...new Map(
      batches.flatMap(({ gaps }) => gaps).map((gap) => [JSON.stringify(gap), gap]),
    ).values(),
  ];
  const missingBefore = ordered[0]?.missing ?? 0;
  let untilMs = sinceMs;
  const gaps: ProxyCoverage["gaps"][number][] = told.map((gap) => ({ ...gap }));
  for (const [index, { batch, missing }] of ordered.entries()) {
    const [firstMs, lastMs] = endsOf(batch.exchanges);
    if (index > 0 && missing > 0) {
      // They are numbered as they ended, and may have begun while those before them were under way.
      const toMs = Number.isFinite(firstMs) ? firstMs : untilMs;
      gaps.push({ fromMs: untilMs, toMs, reason: "lost", missing });
    }
    untilMs = Math.max(untilMs, lastMs);
  }
  const [firstMs, lastMs] = endsOf(batches.flatMap(({ exchanges }) => exchanges));
  return {
    sinceMs,
    untilMs: told.reduce((latest, { toMs }) => Math.max(latest, toMs), Math.max(untilMs, lastMs)),
    hasFirst: missingBefore === 0,
    isNumbered: ordered.length > 0,
    beginning: {
      fromMs: sinceMs,
      toMs: Number.isFinite(firstMs) ? firstMs : sinceMs,
      reason: "evicted",
      missing: missingBefore,
    },
    gaps,
  };
}

/** When the first and when the last of them ended. */
function endsOf(exchanges: RecordedBatch["exchanges"]): readonly [number, number] {
  let [firstMs, lastMs] = [Infinity, -Infinity];
  for (const { endMs } of exchanges) {
    firstMs = Math.min(firstMs, endMs);
    lastMs = Math.max(lastMs, endMs);
  }
  return [firstMs, lastMs];
}
