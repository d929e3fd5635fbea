/**
 * `npm run acceptance`: what the mesh promises as a whole, tried on a real one, with figures. Not part of `npm test`: it takes
 * minutes. `--only <name>` runs one; exit 1 when a promise is broken.
 */
import { parseArgs } from "node:util";
import { changeWithoutFear } from "./changes.ts";
import { agreeOnCounts } from "./counts.ts";
import { holdManyKeys } from "./keys.ts";
import { loseOnlyOwnKeys } from "./kill-process.ts";
import { surviveKills } from "./kills.ts";
import { refuseBadManifest } from "./manifest.ts";
import type { Outcome } from "./outcome.ts";

const { values } = parseArgs({
  options: { only: { type: "string" }, kills: { type: "string", default: "20" } },
});
const kills = Number(values.kills);
const scenarios: Readonly<Record<string, () => Promise<Outcome>>> = {
  keys: holdManyKeys,
  counts: agreeOnCounts,
  "kill-process": loseOnlyOwnKeys,
  "kill-proxies": () => surviveKills("proxy", kills),
  "kill-control": () => surviveKills("control", kills),
  manifest: refuseBadManifest,
  changes: changeWithoutFear,
};

let broken = 0;
for (const [name, run] of Object.entries(scenarios)) {
  if (values.only !== undefined && values.only !== name) continue;
  const outcome = await run();
  if (!outcome.holds) broken++;
  console.log(`${outcome.holds ? "✔" : "✘"} ${name}`);
  for (const [what, figure] of Object.entries(outcome.figures))
    console.log(`    ${what}: ${figure}`);
}
process.exitCode = broken === 0 ? 0 : 1;
