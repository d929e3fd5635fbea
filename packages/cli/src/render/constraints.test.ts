import type { ConstraintReport } from "@heddle/mesh/check/report.ts";
import type { Constraint } from "@heddle/mesh/model/constraint.ts";
import { expect, test } from "vitest";
import { constraintView, formatReports } from "./constraints.ts";
import { formatRows } from "./output.ts";
import { buildStyle } from "./style.ts";

const keeps: Constraint = {
  kind: "placement",
  workload: "default/kvs-0",
  subject: "default/kvs:80",
  statement: "keeps 342 of 1024 slots of key path segment 1: 0, 3, 6-9 and 330 more",
  scope: "per key",
  errorBound: "none",
  from: "Placement/default/kvs-by-key",
};

test("constraints are a table: for whom and about what; -o wide: from which intent, and how exactly", () => {
  const said = "keeps 342 of 1024 slots of key path segment 1: 0, 3, 6-9 and 330 more";
  expect(formatRows(constraintView, [keeps], "table")).toBe(`\
WORKLOAD   KIND        SUBJECT   CONSTRAINT
kvs-0      placement   kvs:80    ${said}
`);
  expect(formatRows(constraintView, [keeps], "wide")).toBe(`\
WORKLOAD   KIND        SUBJECT   FROM                   SCOPE     ERROR   CONSTRAINT
kvs-0      placement   kvs:80    Placement/kvs-by-key   per key   none    ${said}
`);
});

test("on a terminal sentences keep to their column, unless that is too narrow", () => {
  expect(formatRows(constraintView, [keeps], "table", 80)).toBe(`\
WORKLOAD   KIND        SUBJECT   CONSTRAINT
kvs-0      placement   kvs:80    keeps 342 of 1024 slots of key path segment 1:
                                 0, 3, 6-9 and 330 more
`);
  const narrow = formatRows(constraintView, [keeps], "table", 50);
  expect(narrow).toBe(formatRows(constraintView, [keeps], "table"));
});

const held: ConstraintReport = {
  kind: "placement",
  verdict: "holds",
  subjects: 1,
  judged: 1204,
  scope: "per key",
  errorBound: "none",
  notJudged: { "intent was changing": 3 },
  broken: 0,
  violations: [],
};

test("verdicts tell what was judged, what was not, and the evidence of what does not hold", () => {
  const broken: ConstraintReport = {
    ...held,
    kind: "access",
    verdict: "violated",
    notJudged: {},
    broken: 2,
    violations: [
      {
        what: "kvs-0 was reached without TLS",
        processes: ["default/kvs-0"],
        messages: ["c0.1.q"],
        about: "default/kvs:80",
        expected: "mutual TLS",
        found: "a plain connection",
        atWallMs: 0,
      },
    ],
  };
  const unasked = { ...held, kind: "split", subjects: 0, judged: 0, notJudged: {} } as const;
  expect(formatReports([held, broken, unasked], buildStyle(false))).toBe(
    `\
 ✔ placement   1,204 judged, per key; error bound none
     not judged: 3, intent was changing
 ✘ access      broken 2 times: 1,204 judged, per key; error bound none
     kvs-0 was reached without TLS
       expected mutual TLS
       found    a plain connection
     messages c0.1.q
     and 1 more
 ✔ split       nothing asks for it
`,
  );
});
