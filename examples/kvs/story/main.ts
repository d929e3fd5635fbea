import { oneProcess } from "./a-one-process.ts";
import { roundRobin } from "./b-round-robin.ts";
import { placement } from "./c-placement.ts";
import { killed } from "./d-killed.ts";
import { noRetryElsewhere } from "./e-no-retry-elsewhere.ts";
import { directAndIndirect } from "./f-direct-and-indirect.ts";
import { paused } from "./g-paused.ts";
import { slides } from "./h-slides.ts";
import { asProgram, type Scenario } from "./tell.ts";

/** `npm run story -- a`: one scenario by its letter, several, or `all`; without a letter, which there are. */
const scenarios: Readonly<Record<string, Scenario>> = {
  a: oneProcess,
  b: roundRobin,
  c: placement,
  d: killed,
  e: noRetryElsewhere,
  f: directAndIndirect,
  g: paused,
  h: slides,
};

const asked = process.argv.slice(2);
const letters = asked.includes("all") ? Object.keys(scenarios) : asked;
const unknown = letters.filter((letter) => !Object.hasOwn(scenarios, letter));
if (unknown.length > 0) {
  process.stderr.write(`no scenario ${unknown.join(", ")}; there are:\n`);
  process.exitCode = 64;
}
if (letters.length === 0 || unknown.length > 0) {
  for (const { title } of Object.values(scenarios)) process.stdout.write(`${title}\n`);
  process.stdout.write("npm run story -- a   runs the first, npm run story -- all   all of them\n");
} else {
  for (const [at, letter] of letters.entries()) {
    if (at > 0) process.stdout.write("\n");
    await asProgram(scenarios[letter]!);
  }
}
