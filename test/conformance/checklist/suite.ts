import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CaseResult, Suite } from "../suite.ts";
import { rowsOf } from "./rows-of.ts";
import { runVitest, type TestResult, testFilesWith } from "./vitest-report.ts";

interface Row {
  readonly row: number;
  readonly source: string;
  readonly claim: string;
}

/** Sixty things an intermediary must do, each held by tests of ours whose titles begin with `row <n>:`. */
export const checklistSuite: Suite = {
  name: "checklist",
  title: "RFC 9110, 9112, 9113: the 60 rows for intermediaries",
  async run(rig) {
    const rows = JSON.parse(
      readFileSync(join(import.meta.dirname, "rows.json"), "utf8"),
    ) as readonly Row[];
    const results = await runVitest(rig, testFilesWith("packages/mesh", '"row '));
    return rows.map((row) => judge(row, results));
  },
};

function judge({ row, source, claim }: Row, results: readonly TestResult[]): CaseResult {
  const name = `${row}: ${claim}${source === "" ? "" : ` (${source})`}`;
  const own = results.filter(({ title }) => rowsOf(title).includes(row));
  const failed = own.find(({ status }) => status !== "passed");
  if (own.length === 0) return { name, verdict: "failed", detail: "no test speaks for it" };
  if (failed === undefined) return { name, verdict: "passed", detail: "" };
  return { name, verdict: "failed", detail: `${failed.title}: ${failed.failure || failed.status}` };
}

/** Smuggling vectors on the codecs alone, in memory, wherever the octets are cut. */
export const smugglingCodecSuite = testsOf(
  "smuggling-codec",
  "smuggling vectors on the codecs, cut at every octet",
  "packages/mesh/test/http1/smuggling.test.ts",
);

/** Upstream's files: what must be refused is, at the right path; what it has as examples is taken; its CRDs are our schemas. */
export const gatewayFilesSuite = testsOf(
  "gamma-files",
  "the Gateway API's invalid examples refused, valid ones taken, CRDs field by field",
  "packages/control/test/gateway-api/upstream.test.ts",
);

/** A suite of which every test of a file is a case. */
function testsOf(name: string, title: string, file: string): Suite {
  return {
    name,
    title,
    async run(rig) {
      const results = await runVitest(rig, [file]);
      return results.map(({ fullName, status, failure }) => ({
        name: fullName,
        verdict: status === "passed" ? "passed" : "failed",
        detail: failure,
      }));
    },
  };
}
