import type { Gap, ProcessStart, RecordedBatch } from "./batch.ts";
import { processName } from "./endpoint-name.ts";
import type { EndpointName } from "./event.ts";
import { numbered } from "./numbered.ts";

/** One life of a proxy, as its batches tell it. */
export interface Life {
  /** Its epoch. */
  readonly name: string;
  /** The process it stands beside. */
  readonly workload: EndpointName;
  readonly boot: string;
  /** It recorded from then; the last moment that its batches tell of. Monotonic ms. */
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Wall minus monotonic ms: what makes times of different boots comparable, for display and for want of better. */
  readonly wallOffsetMs: number;
  /** Are its exchanges here from the first on, without a gap? */
  readonly isWhole: boolean;
}

/** A time of which a workload's proxy may have seen more than is here. Wall ms. */
export interface Unrecorded {
  readonly workload: EndpointName;
  readonly fromWallMs: number;
  readonly toWallMs: number;
  readonly reason: Gap["reason"] | "sampled";
}

/** The lives in these batches, each workload's in their order. */
export function livesOf(
  batches: readonly RecordedBatch[],
  starts: readonly ProcessStart[] = [],
): readonly Life[] {
  const byLife = Map.groupBy(batches, ({ life }) => life);
  const lives = Array.from(byLife, ([name, own]) => lifeOf(name, own, starts));
  return lives.sort((a, b) => beginningOf(a) - beginningOf(b));
}

/** Where something may be missing: gaps that are told, samples, and what lies between two lives. */
export function unrecordedOf(
  batches: readonly RecordedBatch[],
  lives: readonly Life[],
): readonly Unrecorded[] {
  const found: Unrecorded[] = [];
  const add = (
    { workload: { namespace, name }, wallOffsetMs }: RecordedBatch,
    { fromMs, toMs, reason }: Pick<Gap, "fromMs" | "toMs"> & Pick<Unrecorded, "reason">,
  ) => {
    const [fromWallMs, toWallMs] = [fromMs + wallOffsetMs, toMs + wallOffsetMs];
    found.push({ workload: processName(namespace, name), fromWallMs, toWallMs, reason });
  };
  for (const batch of batches) for (const gap of batch.gaps) add(batch, gap);
  for (const own of Map.groupBy(batches, ({ life, store }) => `${life} ${store}`).values()) {
    for (const { batch, ...span } of sampledSpans(own)) add(batch, { ...span, reason: "sampled" });
  }
  for (const own of Map.groupBy(lives, ({ workload }) => workload).values()) {
    for (const [index, life] of own.entries()) {
      const before = own[index - 1];
      const { workload, sinceMs, wallOffsetMs } = life;
      const fromWallMs = before === undefined ? -Infinity : before.untilMs + before.wallOffsetMs;
      found.push({ workload, fromWallMs, toWallMs: sinceMs + wallOffsetMs, reason: "restart" });
    }
  }
  return found;
}

/**
 * What a sampled batch leaves out lies between the one before it and its own end: while there was nobody to send to the ring
 * let go of it, long before the first that is here.
 */
function* sampledSpans(stream: readonly RecordedBatch[]) {
  const spans = stream
    .filter(({ exchanges }) => exchanges.length > 0)
    .map((batch) => {
      const times = batch.exchanges.flatMap(({ startMs, endMs }) => [startMs, endMs]);
      return { batch, firstMs: Math.min(...times), toMs: Math.max(...times) };
    })
    .sort((a, b) => a.toMs - b.toMs);
  for (const [index, { batch, firstMs, toMs }] of spans.entries()) {
    if (batch.sampledShare === 1) continue;
    const before = spans.findLast((other, place) => place < index && other.toMs <= firstMs);
    yield { batch, fromMs: before?.toMs ?? batch.sinceMs, toMs };
  }
}

function lifeOf(
  name: string,
  batches: readonly RecordedBatch[],
  starts: readonly ProcessStart[],
): Life {
  const { workload, boot, sinceMs, wallOffsetMs } = batches[0]!;
  const isOwn = (start: ProcessStart) => start.workload.uid === workload.uid && start.boot === boot;
  let untilMs = sinceMs;
  for (const { exchanges, gaps } of batches) {
    for (const { endMs, startMs } of exchanges) untilMs = Math.max(untilMs, endMs, startMs);
    for (const { toMs } of gaps) untilMs = Math.max(untilMs, toMs);
  }
  const hasSeenStart = !starts.some((start) => isOwn(start) && start.atMs < sinceMs);
  const isWhole =
    hasSeenStart &&
    (["whole", "sampled"] as const).every((store) => {
      return isWholeStream(batches.filter((batch) => batch.store === store));
    });
  return {
    name,
    workload: processName(workload.namespace, workload.name),
    boot,
    sinceMs,
    untilMs,
    wallOffsetMs,
    isWhole,
  };
}

/** From the first exchange on, with none left out between batches; of those that are not numbered gaps alone say so. */
function isWholeStream(batches: readonly RecordedBatch[]): boolean {
  const isTold = batches.some(({ gaps, sampledShare }) => gaps.length > 0 || sampledShare < 1);
  return !isTold && numbered(batches).every(({ missing }) => missing === 0);
}

function beginningOf({ sinceMs, wallOffsetMs }: Life): number {
  return sinceMs + wallOffsetMs;
}
