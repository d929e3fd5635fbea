import { RecordedCaller, untilAnswered } from "./caller.ts";
import { asProgram, type Scenario } from "./tell.ts";

const keys = Array.from({ length: 90 }, (_, at) => 10_001 + at);

/** F6, E3: what a killed process takes with it, and what it does not. */
export const killed: Scenario = {
  title: "(d) one process is killed: what it kept is lost and named, and nobody else feels it",
  manifest: "story/kvs.yaml",
  async run(stage, claim) {
    const place = await stage.join("d");
    const [others, its] = await Promise.all(
      ["others", "its"].map((name) => RecordedCaller.open(`d/${name}`, place.url)),
    );
    for (const key of keys) await others!.put(key, `v${key}`);
    const kept = await stage.keysByProcess();
    const lost = keys.filter((key) => kept.get("kvs-1")?.has(key));
    const safe = keys.filter((key) => !lost.includes(key));
    stage.say(`${keys.length} keys put, ${lost.length} of them kept by kvs-1`);

    let isBack = false;
    await Promise.all([
      (async () => {
        // While kvs-1 is away and comes back, its callers wait …
        await stage.signal("kvs-1", "SIGKILL");
        for (const key of lost) await untilAnswered(() => its!.get(key));
        for (const key of lost) await its!.put(key, "again");
        for (const key of lost) await its!.get(key);
        isBack = true;
      })(),
      (async () => {
        // … and those of the others' keys go on.
        while (!isBack) for (const key of safe) await others!.get(key);
      })(),
    ]);
    const asked = others!.operations.length;
    claim(others!.count("ok") === asked, `callers of other keys: ${asked} operations, 0 failures`);
    const reads = its!.operations.filter(
      ({ name, outcome }) => name === "get" && outcome.kind === "ok",
    );
    const first = reads.slice(0, lost.length).map(({ outcome }) => outcome);
    claim(
      first.length === lost.length &&
        first.every((outcome) => outcome.kind === "ok" && outcome.result === ""),
      `all ${lost.length} keys of kvs-1 read as empty`,
    );
    const without = its!.operations.length - its!.count("ok");
    stage.say(
      `while it was away ${without} of its callers' operations failed, and the others waited`,
    );
    const after = its!.operations.slice(-lost.length);
    claim(
      after.every(({ outcome }) => outcome.kind === "ok" && outcome.result === "again"),
      "and they keep what is put again: the service goes on, in the same places",
    );
    for (const caller of [others!, its!]) caller.hangUp();
    await place.leave();

    const { code, text } = await stage.heddle("verify", "kvs");
    claim(code === 1, "verify says violated, exit code 1");
    const said = /^ *(?:violated:.*\. )?kvs-1 was restarted at .*: (\d+) keys \((.*)\)\.$/m.exec(
      text,
    );
    claim(
      said?.[1] === String(lost.length) && said[2]!.startsWith(lost.slice(0, 10).join(", ")),
      "it names the process, and what is lost with it",
    );
    claim(/takes replication/.test(text), "and says what no mesh can do without replication");
  },
};

if (import.meta.main) await asProgram(killed);
