import { parseArgs } from "node:util";
import { strokes } from "./chaos.ts";
import { type RunResult, run } from "./world.ts";

/** `npm run sim -- --seeds 1000 --from 1`; `--gentle`: only what nobody may feel; `--seed 7 --log`: one, with its event log. */
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    operations: { type: "string", default: "200" },
    gentle: { type: "boolean", default: false },
    kills: { type: "boolean", default: false },
    apps: { type: "boolean", default: false },
    log: { type: "boolean", default: false },
  },
});
const mode = values.gentle ? "gentle" : values.kills ? "kills" : values.apps ? "apps" : "rough";
const operations = Number(values.operations);
const from = Number(values.seed ?? values.from);
const seeds = values.seed === undefined ? Number(values.seeds) : 1;

const faults = new Map<string, number>(strokes.map((stroke) => [`our ${stroke}`, 0]));
const endings = new Map<string, number>();
const checks = new Map<string, number>();
const failed: RunResult[] = [];
let asked = 0;
const startMs = performance.now();
for (let seed = from; seed < from + seeds; seed++) {
  const result = await run({ seed, operations, mode, ...(values.log ? { log: console.log } : {}) });
  add(faults, result.faults);
  add(endings, result.endings);
  add(checks, result.checks);
  asked += result.operations;
  if (result.violations.length > 0) {
    failed.push(result);
    console.log(`seed ${seed}: ${result.violations.length} violations`);
    for (const violation of result.violations.slice(0, 10)) console.log(`  ${violation}`);
  }
}

let isSame = true;
if (values.seed === undefined) {
  const [first, second] = [await logOf(from), await logOf(from)];
  isSame = first === second;
  console.log(`event log of seed ${from}: ${first}, again ${isSame ? "the same" : second}`);
}
const seconds = (performance.now() - startMs) / 1000;
console.log(`${asked} operations over ${seeds} seeds from ${from} in ${seconds.toFixed(1)} s`);
console.log(`endings: ${format(endings)}`);
console.log(`checks:  ${format(checks)}`);
console.log(`faults:  ${format(faults)}`);
const isWide = seeds > 20 && mode === "rough";
const missing = [...faults, ...checks].filter(([, count]) => count === 0).map(([fault]) => fault);
if (isWide && missing.length > 0) console.log(`never struck or checked: ${missing.join(", ")}`);
console.log(`${seeds - failed.length} of ${seeds} seeds hold`);
const isGood = failed.length === 0 && isSame && (!isWide || missing.length === 0);
process.exitCode = isGood ? 0 : 1;

async function logOf(seed: number): Promise<string> {
  return (await run({ seed, operations, mode, log: () => {} })).logDigest;
}

function add(sum: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [name, count] of more) sum.set(name, (sum.get(name) ?? 0) + count);
}

function format(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name} ${count}`).join(" · ");
}
