import { RecordedCaller } from "./caller.ts";
import { startDirect } from "./direct.ts";
import { judge } from "./judge.ts";
import { asProgram, type Scenario } from "./tell.ts";

/** F3: what the slide's process promises, and that it does not keep it. No mesh, no proxy: the caller records itself. */
export const oneProcess: Scenario = {
  title: "(a) one process, called directly: the 1001st put breaks the contract",
  manifest: null,
  async run(stage, claim) {
    const { url, end } = await startDirect();
    const caller = await RecordedCaller.open("caller", url);
    try {
      for (let key = 1; key <= 1000; key++) await caller.put(key, `v${key}`);
      const before = judge(caller.operations, "caller");
      claim(before.verdict.verdict === "holds", "1000 keys: the contract holds");
      const last = await caller.put(1001, "v1001");
      claim(last.kind === "refused", "put 1001 is refused: no more than 1000 keys");
      const read = await caller.get(1001);
      claim(read.kind === "ok" && read.result === "", 'get 1001 gives ""');
      const { verdict, lines } = judge(caller.operations, "caller");
      for (const line of lines) stage.say(line);
      claim(
        verdict.violatedKeys.join() === "1001",
        "the checker says so, from the caller's own history: key 1001 and no other",
      );
    } finally {
      caller.hangUp();
      await end();
    }
  },
};

if (import.meta.main) await asProgram(oneProcess);
