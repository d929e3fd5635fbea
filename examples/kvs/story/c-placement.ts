import { RecordedCaller } from "./caller.ts";
import { asProgram, type Scenario } from "./tell.ts";

/** F5: a constraint on processes gives the service what no process has. */
export const placement: Scenario = {
  title:
    "(c) placement by key: 2,500 keys on processes that each take 1,000, and the contract holds",
  manifest: "story/kvs.yaml",
  async run(stage, claim) {
    const place = await stage.join("c");
    const callers = await Promise.all(
      Array.from({ length: 10 }, (_, number) => RecordedCaller.open(`c/${number}`, place.url)),
    );
    const keys = Array.from({ length: 250 }, (_, at) => at + 1);
    await Promise.all(
      callers.map(async (caller, number) => {
        for (const key of keys) await caller.put(250 * number + key, `v${key}`);
        for (const key of keys) await caller.get(250 * number + key);
        caller.hangUp();
      }),
    );
    await place.leave();
    const operations = callers.flatMap((caller) => caller.operations);
    const read = operations.filter(
      ({ name, args: [key], outcome }) =>
        name === "get" &&
        outcome.kind === "ok" &&
        outcome.result === `v${((Number(key) - 1) % 250) + 1}`,
    );
    claim(read.length === 2500, `2500 keys put, ${read.length} read back`);
    const kept = await stage.keysByProcess();
    const share = [...kept].map(([name, its]) => `${name} ${its.size}`).join(", ");
    claim(
      kept.size === 3 && [...kept.values()].every(({ size }) => size > 0 && size <= 1000),
      `each process keeps its share: ${share}`,
    );
    const { code } = await stage.heddle("verify", "kvs");
    claim(code === 0, "verify says holds, by what the mesh recorded");
  },
};

if (import.meta.main) await asProgram(placement);
