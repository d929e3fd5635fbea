/**
 * `npm run conformance [-- --only <suite>]... [--json <file>]`: suites that nobody here wrote, and lists of what an intermediary
 * must do, against real proxies. Not part of `npm test`: it takes minutes. Exit 1 when a suite is not met, 64 for usage.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { renderOutcomes, reportOutcomes } from "./report.ts";
import { Rig } from "./rig/rig.ts";
import { NotRun, objections, type Suite, type SuiteOutcome } from "./suite.ts";
import { expectationOf, suites } from "./suites.ts";

const usage = `usage: npm run conformance [-- --only <suite or its beginning>]... [--json <file>]

suites: ${suites.map(({ name }) => name).join(" ")}
`;

async function main(): Promise<number> {
  let only: readonly string[];
  let json: string | undefined;
  try {
    const { values } = parseArgs({
      options: { only: { type: "string", multiple: true }, json: { type: "string" } },
    });
    only = values.only ?? [];
    json = values.json;
    const unknown = only.find((name) => !suites.some((suite) => suite.name.startsWith(name)));
    if (unknown !== undefined) throw new Error(`there is no suite ${unknown}`);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}`);
    return 64;
  }
  const chosen = suites.filter(
    ({ name }) => only.length === 0 || only.some((one) => name.startsWith(one)),
  );
  const shared = new Rig();
  const outcomes: SuiteOutcome[] = [];
  for (const suite of chosen) {
    const outcome = await runSuite(suite, shared.tools);
    outcomes.push(outcome);
    const verdict = objections(outcome).length === 0 ? "met" : "NOT MET";
    process.stderr.write(`${suite.name}: ${verdict}\n`);
  }
  await shared.close();
  process.stdout.write(`\n${renderOutcomes(outcomes)}`);
  if (json !== undefined)
    writeFileSync(json, `${JSON.stringify(reportOutcomes(outcomes), null, 2)}\n`);
  return outcomes.every((outcome) => objections(outcome).length === 0) ? 0 : 1;
}

async function runSuite(suite: Suite, tools: string): Promise<SuiteOutcome> {
  const { name, title } = suite;
  const expectation = expectationOf(suite);
  const rig = new Rig(tools);
  try {
    // What may be skipped is not judged: its reason, in expected.json, says why no verdict of it would mean anything.
    const results = (await suite.run(rig)).map((result) =>
      result.verdict === "failed" && expectation.allowedSkips[result.name] !== undefined
        ? { ...result, verdict: "skipped" as const }
        : result,
    );
    return { name, title, expectation, results, notRun: null };
  } catch (error) {
    const why = error instanceof NotRun ? error.message : ((error as Error).stack ?? String(error));
    return { name, title, expectation, results: [], notRun: why };
  } finally {
    await rig.close();
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => process.exit(signal === "SIGINT" ? 130 : 143));
}
process.exit(await main());
