import { setTimeout } from "node:timers/promises";
import { RecordedCaller } from "./caller.ts";
import { asProgram, type Scenario } from "./tell.ts";

const keys = Array.from({ length: 30 }, (_, at) => 30_001 + at);
const PAUSE_MS = 2500;
/** Callers of its keys hang up after this, in ms: before the process goes on. What they asked may have happened. */
const PATIENCE_MS = 1000;

/** A process is paused while its keys are written, and goes on as if nothing had been. */
export const paused: Scenario = {
  title:
    "(g) a process is paused while its keys are written: slots do not move, the contract holds",
  manifest: "story/kvs.yaml",
  async run(stage, claim) {
    const place = await stage.join("g");
    const first = await RecordedCaller.open("g", place.url);
    for (const key of keys) await first.put(key, "before");
    const kept = await stage.keysByProcess();
    const its = keys.filter((key) => kept.get("kvs-1")?.has(key));
    const slots = await stage.quietly("constraints", "kvs-1");

    const writers = await Promise.all(
      keys.map((key) =>
        RecordedCaller.open(`g/${key}`, place.url, its.includes(key) ? PATIENCE_MS : undefined),
      ),
    );
    await stage.signal("kvs-1", "SIGSTOP");
    let isOver = false;
    const writing = writers.map(async (writer, at) => {
      for (let number = 1; !isOver; number++) {
        await writer.put(keys[at]!, `v${number}`);
        await setTimeout(20);
      }
    });
    await setTimeout(PAUSE_MS);
    await stage.signal("kvs-1", "SIGCONT");
    isOver = true;
    await Promise.all(writing);
    for (const key of keys) await first.get(key);

    const others = writers.filter((_, at) => !its.includes(keys[at]!));
    const asked = others.flatMap(({ operations }) => operations);
    claim(
      asked.every(({ outcome }) => outcome.kind === "ok"),
      `callers of other keys: ${asked.length} PUTs, 0 failures`,
    );
    const open = writers.reduce((sum, writer) => sum + writer.count("unknown"), 0);
    claim(open > 0, `${open} PUTs of the ${its.length} keys of kvs-1 may have happened`);
    for (const caller of [first, ...writers]) caller.hangUp();
    await place.leave();
    const isSame = slots === (await stage.quietly("constraints", "kvs-1"));
    claim(isSame && /keeps \d+ of 1024 slots/.test(slots), "kvs-1 keeps the slots it had");
    const { code } = await stage.heddle("verify", "kvs");
    claim(code === 0, "verify says holds, exit code 0");
  },
};

if (import.meta.main) await asProgram(paused);
