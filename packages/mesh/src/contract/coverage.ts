import type { Gap, ProcessStart, RecordedBatch } from "../history/batch.ts";
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
 * lives, since what a proxy has not sent dies with it, and numbers that are in no batch.
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
    return isTold ? [] : [{ fromMs, toMs, reason: "restart" as const, missing: -1 }];
  });
  const [first] = lives;
  const laterBeginnings = lives.slice(1).flatMap((life) => (life.hasFirst ? [] : [life.beginning]));
  return {
    uid: workload.uid,
    name: workload.name,
    sinceMs: first!.hasFirst ? first!.sinceMs : first!.beginning.toMs,
    hasFirst: first!.hasFirst,
    gaps: [...told, ...between, ...laterBeginnings],
  };
}

interface LifeCoverage {
  readonly sinceMs: number;
  /** The last moment that its batches tell of. */
  readonly untilMs: number;
  readonly hasFirst: boolean;
  /** Where it has not: what is not recorded. */
  readonly beginning: ProxyCoverage["gaps"][number];
  readonly gaps: ProxyCoverage["gaps"];
}

function lifeCoverage(batches: readonly RecordedBatch[]): LifeCoverage {
  const ordered = batches.toSorted((a, b) => a.from - b.from);
  const { sinceMs } = ordered[0]!;
  // A batch may have come twice.
  const told = [
    ...new Map(
      ordered.flatMap(({ gaps }) => gaps).map((gap) => [JSON.stringify(gap), gap]),
    ).values(),
  ];
  let next = ordered[0]!.from;
  let untilMs = sinceMs;
  const gaps: ProxyCoverage["gaps"][number][] = told.map((gap) => ({ ...gap }));
  for (const { from, exchanges } of ordered) {
    const ends = exchanges.map(({ endMs }) => endMs);
    if (from > next) {
      // They are numbered as they ended, and may have begun while those before them were under way.
      const toMs = ends.length === 0 ? untilMs : Math.min(...ends);
      gaps.push({ fromMs: untilMs, toMs, reason: "lost", missing: from - next });
    }
    next = Math.max(next, from + exchanges.length);
    untilMs = Math.max(untilMs, ...ends);
  }
  const firstMs = Math.min(
    ...ordered.flatMap(({ exchanges }) => exchanges.map(({ endMs }) => endMs)),
  );
  return {
    sinceMs,
    untilMs: Math.max(untilMs, ...told.map(({ toMs }) => toMs)),
    hasFirst: ordered[0]!.from <= 1,
    beginning: {
      fromMs: sinceMs,
      toMs: Number.isFinite(firstMs) ? firstMs : sinceMs,
      reason: "evicted",
      missing: ordered[0]!.from - 1,
    },
    gaps,
  };
}
