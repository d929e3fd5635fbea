import type { HistoryShape } from "./history.ts";

const usual = {
  keys: 100,
  callers: 8,
  values: null,
  unknownShare: 0,
  isStale: false,
  isSearchable: true,
} as const;

/** The histories that both checkers are given. */
export const shapes: readonly HistoryShape[] = [
  { ...usual, name: "correct", operations: 10_000 },
  { ...usual, name: "one stale read", operations: 10_000, isStale: true },
  { ...usual, name: "three values", operations: 10_000, values: 3 },
  { ...usual, name: "one put in five timed out", operations: 10_000, unknownShare: 0.2 },
  {
    ...usual,
    name: "timed out, and one stale read",
    operations: 10_000,
    unknownShare: 0.2,
    isStale: true,
  },
  { ...usual, name: "one hot key, 4 callers", operations: 10_000, keys: 1, callers: 4 },
  { ...usual, name: "one hot key", operations: 300, keys: 1, callers: 12 },
  { ...usual, name: "one hot key, stale", operations: 300, keys: 1, callers: 12, isStale: true },
  {
    ...usual,
    name: "one hot key, long",
    operations: 100_000,
    keys: 1,
    callers: 16,
    isSearchable: false,
  },
  { ...usual, name: "the bar", operations: 100_000, keys: 1000, callers: 16 },
  { ...usual, name: "the bar, stale", operations: 100_000, keys: 1000, callers: 16, isStale: true },
  {
    ...usual,
    name: "the bar, three values",
    operations: 100_000,
    keys: 1000,
    callers: 16,
    values: 3,
  },
];

/** Name of the shape that must be judged within `barMs`, with and without the fast path. */
export const barShape = "the bar";
export const barMs = 2000;
