import { Stage } from "./stage.ts";

/** One scenario of the story: what it says, and the run that shows it. */
export interface Scenario {
  readonly title: string;
  /** The mesh that it is told on, by manifest; null: it starts its own, or none. */
  readonly manifest: string | null;
  run(stage: Stage, claim: Claim): Promise<void>;
}

/** Says something of what has happened, and whether it is so. */
export type Claim = (isSo: boolean, what: string) => void;

/** What a run came to. */
export interface Told {
  readonly lines: readonly string[];
  /** Claims that were not so. */
  readonly refuted: readonly string[];
}

/** Runs a scenario on a stage where its mesh runs already. */
export async function tellOn(stage: Stage, scenario: Scenario): Promise<Told> {
  const from = stage.lines.length;
  const refuted: string[] = [];
  await scenario.run(stage, (isSo, what) => {
    stage.say(` ${isSo ? "✔" : "✘"} ${what}`);
    if (!isSo) refuted.push(what);
  });
  return { lines: stage.lines.slice(from), refuted };
}

/** Runs a scenario by itself, from an empty stage to an empty stage. @param print each line as it comes */
export async function tell(scenario: Scenario, print?: (line: string) => void): Promise<Told> {
  let isEnding = false;
  const stage = new Stage((line) => {
    if (!isEnding) print?.(line);
  });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const onSignal = () => {
    if (isEnding) return; // a second Ctrl-C would leave a mesh behind
    isEnding = true;
    void stage.close().finally(() => process.exit(130));
  };
  for (const signal of signals) process.on(signal, onSignal);
  try {
    stage.say(scenario.title);
    if (scenario.manifest !== null) await stage.up(scenario.manifest);
    const { refuted } = await tellOn(stage, scenario);
    return { lines: stage.lines, refuted };
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
    await stage.close();
  }
}

/** A scenario as a program: exit code 0 where all was as it says, else 1. */
export async function asProgram(scenario: Scenario): Promise<void> {
  const { refuted } = await tell(scenario, (line) => process.stdout.write(`${line}\n`));
  process.exitCode ||= refuted.length === 0 ? 0 : 1;
}
