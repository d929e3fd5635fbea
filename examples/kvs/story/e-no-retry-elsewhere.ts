import { setTimeout } from "node:timers/promises";
import { RecordedCaller, untilAnswered } from "./caller.ts";
import type { Place, Stage } from "./stage.ts";
import { asProgram, type Scenario } from "./tell.ts";

const keys = Array.from({ length: 30 }, (_, at) => 20_001 + at);
/** Until a request is surely with the process, in ms. Where a busy machine takes longer, there is another round. */
const ON_ITS_WAY_MS = 300;
const ROUNDS_MAX = 5;

/** F7: a PUT whose process dies is not tried on another one. */
export const noRetryElsewhere: Scenario = {
  title: "(e) the owner dies amid PUTs: the mesh does not try them on another process",
  manifest: "story/kvs.yaml",
  async run(stage, claim) {
    const place = await stage.join("writer");
    const caller = await RecordedCaller.open("writer", place.url);
    for (const key of keys) await caller.put(key, "before");
    caller.hangUp();
    const its = keys.filter(isKeptBy("kvs-1", await stage.keysByProcess()));
    stage.say(`kvs-1 keeps ${its.length} of ${keys.length} keys`);

    let open = 0;
    for (let round = 1; open === 0 && round <= ROUNDS_MAX; round++) {
      open = await killAmidPuts(stage, place, its);
    }
    claim(open > 0, `${open} PUTs got no answer of the process: they may have happened`);
    const after = await RecordedCaller.open("writer/after", place.url);
    for (const key of its) await untilAnswered(() => after.put(key, "after"));
    claim(after.count("ok") === its.length, "once it is back it takes PUTs of its keys again");
    after.hangUp();
    await place.leave();

    const kept = await stage.keysByProcess();
    const elsewhere = its.filter((key) =>
      ["kvs-0", "kvs-2"].some((name) => kept.get(name)?.has(key)),
    );
    claim(elsewhere.length === 0, "no PUT of these keys is in another process's history");
    const { code, text } = await stage.heddle("verify", "constraints");
    claim(code === 0, "verify constraints says holds");
    claim(/✔ placement +\d/.test(text), "same key, same process, by the records of all proxies");
  },
};

/** Stops kvs-1 while it is asked to put, then kills it. How many of the PUTs may have happened. */
async function killAmidPuts(stage: Stage, place: Place, keys: readonly number[]): Promise<number> {
  await stage.signal("kvs-1", "SIGSTOP");
  const callers = await Promise.all(
    keys.map((key) => RecordedCaller.open(`writer/${key}`, place.url)),
  );
  const puts = callers.map((caller, at) => caller.put(keys[at]!, "amid"));
  await setTimeout(ON_ITS_WAY_MS);
  await stage.signal("kvs-1", "SIGKILL");
  const outcomes = await Promise.all(puts);
  for (const caller of callers) caller.hangUp();
  return outcomes.filter(({ kind }) => kind === "unknown").length;
}

function isKeptBy(workload: string, kept: ReadonlyMap<string, ReadonlySet<number>>) {
  return (key: number) => kept.get(workload)?.has(key) ?? false;
}

if (import.meta.main) await asProgram(noRetryElsewhere);
