// Preloaded into a proxy of ours: how long its event loop and its collector stop, on the wall and without the wait for a core.
// SIGUSR2 writes what was seen since the last to $HEDDLE_BENCH_PAUSES/<pid>.json.
import { openSync, readSync, renameSync, writeFileSync } from "node:fs";
import { PerformanceObserver } from "node:perf_hooks";

const resolutionMs = 2;
const folder = process.env.HEDDLE_BENCH_PAUSES;
const file = openSync("/proc/self/schedstat", "r");
const told = Buffer.alloc(64);
const waitedMs = () =>
  Number(told.toString("latin1", 0, readSync(file, told, 0, 64, 0)).split(" ", 2)[1]) / 1e6;

let seen;
let collections = [];
let last = performance.now();
let waitedLast = waitedMs();

function reset() {
  seen = { stallMs: 0, stallOwnMs: 0, stallsOver: 0, gcMs: 0, gcOwnMs: 0, gcs: 0 };
}
reset();

// Collections are told of after the turn in which they were: each is held against the wait of the interval that it lies in.
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries())
    collections.push({ startTime, duration });
}).observe({ entryTypes: ["gc"] });

const intervals = [];
setInterval(() => {
  const now = performance.now();
  const waited = waitedMs();
  const lateMs = now - last - resolutionMs;
  const waitMs = waited - waitedLast;
  seen.stallMs = Math.max(seen.stallMs, lateMs);
  seen.stallOwnMs = Math.max(seen.stallOwnMs, lateMs - waitMs);
  if (lateMs > 5) seen.stallsOver++;
  intervals.push({ from: last, to: now, waitMs });
  if (intervals.length > 64) intervals.shift();
  for (const { startTime, duration } of collections) {
    const within = intervals.find(({ from, to }) => startTime >= from && startTime < to);
    seen.gcs++;
    seen.gcMs = Math.max(seen.gcMs, duration);
    seen.gcOwnMs = Math.max(seen.gcOwnMs, duration - (within?.waitMs ?? 0));
  }
  collections = [];
  last = now;
  waitedLast = waited;
}, resolutionMs).unref();

process.on("SIGUSR2", () => {
  const to = `${folder}/${process.pid}.json`;
  writeFileSync(`${to}.draft`, JSON.stringify(seen));
  renameSync(`${to}.draft`, to);
  reset();
});
