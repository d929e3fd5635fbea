import { SeededRng } from "../../packages/mesh/src/base/rng.ts";
import type { Operation } from "../../packages/mesh/src/contract/operation.ts";

/** What a generated history of a key-value store looks like. */
export interface HistoryShape {
  readonly name: string;
  readonly operations: number;
  readonly keys: number;
  readonly callers: number;
  /** Different values put; null: each put its own. */
  readonly values: number | null;
  /** Share of the puts that time out; half of them happened, some long after. */
  readonly unknownShare: number;
  /** One read in the middle gives what was there before the last put that ended before it. */
  readonly isStale: boolean;
  /** Does a search come to an end? With many callers on one key it takes all orders of what is under way at a time. */
  readonly isSearchable: boolean;
}

/**
 * Callers that do one thing at a time against a store that is really there: every operation takes effect at a moment
 * of its interval. Times are whole microseconds. The same shape and seed give the same history.
 */
export function generateHistory(shape: HistoryShape, seed: number): readonly Operation[] {
  const rng = new SeededRng(seed);
  const freeUs = Array.from({ length: shape.callers }, () => rng.below(1000));
  const drawn = Array.from({ length: shape.operations }, (_, id) => {
    const caller = id % shape.callers;
    const startUs = freeUs[caller]! + rng.below(200);
    const endUs = startUs + 100 + rng.below(1900);
    freeUs[caller] = endUs + 1;
    const isPut = rng.below(2) === 0;
    const isUnknown = isPut && rng.float() < shape.unknownShare;
    const isLate = isUnknown && rng.below(2) === 0;
    return {
      id,
      caller,
      key: rng.below(shape.keys),
      value: isPut ? `v${shape.values === null ? id : rng.below(shape.values)}` : null,
      startUs,
      endUs,
      isUnknown,
      isLost: isUnknown && rng.below(2) === 0,
      atUs: startUs + rng.float() * (endUs - startUs) * (isLate ? 50 : 1),
    };
  });
  const store = new Map<number, string>();
  const results = new Map<number, string>();
  for (const { id, key, value, isLost } of drawn.toSorted((a, b) => a.atUs - b.atUs)) {
    if (value === null) results.set(id, store.get(key) ?? "");
    else if (!isLost) store.set(key, value);
  }
  const history = drawn.map(({ id, caller, key, value, startUs, endUs, isUnknown }): Operation => {
    return {
      id,
      caller: `caller-${caller}`,
      key: `${key}`,
      name: value === null ? "get" : "put",
      args: value === null ? [key] : [key, value],
      outcome: isUnknown
        ? { kind: "unknown", detail: "timeout" }
        : { kind: "ok", result: results.get(id) },
      startMs: startUs / 1000,
      endMs: isUnknown ? Infinity : endUs / 1000,
      seq: Math.floor(id / shape.callers),
      answeredBy: null,
      isObserved: true,
    };
  });
  return shape.isStale ? withStaleRead(history) : history;
}

/** In the middle of the history, a read that follows two puts of its key gives the first one's value. */
function withStaleRead(history: readonly Operation[]): readonly Operation[] {
  for (let index = history.length >> 1; index < history.length; index++) {
    const read = history[index]!;
    if (read.name !== "get") continue;
    const before = history
      .filter(({ name, key, endMs }) => name === "put" && key === read.key && endMs < read.startMs)
      .sort((a, b) => a.endMs - b.endMs);
    const last = before.at(-1);
    const old = before.findLast(({ endMs }) => last !== undefined && endMs < last.startMs);
    if (old === undefined) continue;
    const outcome = { kind: "ok", result: old.args[1]! } as const;
    return history.with(index, { ...read, outcome });
  }
  throw new Error("no read of the history follows two puts of its key");
}
