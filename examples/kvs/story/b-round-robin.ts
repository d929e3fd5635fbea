import { asProgram, type Scenario } from "./tell.ts";

/** F4: three processes, and each request to the next of them. */
export const roundRobin: Scenario = {
  title: "(b) three processes in turn: what one was told another does not know",
  manifest: "story/round-robin.yaml",
  async run(stage, claim) {
    claim(
      stage.lines.some((line) => /This Placement cures it/.test(line)),
      "it was said before the first request",
    );
    const { code, text } = await stage.heddle(
      ...["verify", "kvs", "--drive", "--yes", "--operations", "2000", "--seed", "7"],
    );
    claim(code === 1, "verify says violated, exit code 1");
    const history = /^ +\[(Send.*)\] +expected/m.exec(text)?.[1] ?? "";
    const events = history.split(/, (?=Send|Recv)/).length;
    claim(events === 2 || events === 4, `by a history of ${events} events`);
  },
};

if (import.meta.main) await asProgram(roundRobin);
