import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checklistSuite, gatewayFilesSuite, smugglingCodecSuite } from "./checklist/suite.ts";
import { grpcSuites } from "./grpc/suite.ts";
import { h2specSuites } from "./h2spec/suite.ts";
import { realSuite } from "./real/suite.ts";
import { smugglingSuites } from "./smuggling/suite.ts";
import type { Expectation, Suite } from "./suite.ts";
import { trafficSuites } from "./traffic/suite.ts";

/** Every suite, in the order in which they run. */
export const suites: readonly Suite[] = [
  ...h2specSuites,
  ...grpcSuites,
  checklistSuite,
  smugglingCodecSuite,
  ...smugglingSuites,
  realSuite,
  gatewayFilesSuite,
  ...trafficSuites,
];

const expectations = JSON.parse(
  readFileSync(join(import.meta.dirname, "expected.json"), "utf8"),
) as Readonly<Record<string, Expectation>>;

/** How many cases of a suite there must be, as `expected.json` says. */
export function expectationOf(suite: Suite): Expectation {
  const found = expectations[suite.name];
  if (found === undefined) throw new Error(`${suite.name} is not in expected.json`);
  return found;
}
