import type { RevisionDetail } from "@heddle/control/api/verbs.ts";
import { expect, test } from "vitest";
import { bad, good, warning } from "../check/finding.ts";
import { formatChanges } from "./changes.ts";
import { Fault, formatFault } from "./fault.ts";
import { formatFindings, formatVerdict } from "./findings.ts";
import { formatLogLine, parseLogLine } from "./log-line.ts";
import { formatRevision } from "./revision.ts";
import { buildStyle } from "./style.ts";

const style = buildStyle(false);

test("a fault says what to do next, in the name that people type", () => {
  const fault = new Fault(69, "no mesh here", "heddle up mesh.yaml", "heddle check");
  expect(formatFault(fault, "./heddle")).toBe(
    "error: no mesh here\n  Try  ./heddle up mesh.yaml\n       ./heddle check\n",
  );
});

test("an apply tells what it changed and what serves now", () => {
  const change = (kind: string, name: string, action: "created" | "configured" | "unchanged") => ({
    kind,
    namespace: "default",
    name,
    action,
  });
  const changes = [
    change("Service", "kvs", "created"),
    change("Process", "kvs", "configured"),
    change("Placement", "kvs", "unchanged"),
  ];
  expect(formatChanges({ revision: 8, changes, warnings: ["mind the gap"] })).toBe(
    `\
Service/kvs created
Process/kvs configured
warning: mind the gap
2 changed, 1 unchanged; revision 8 serves.
`,
  );
  expect(formatChanges({ revision: 8, changes: changes.slice(2), warnings: [] })).toBe(
    "nothing to change; revision 8 serves.\n",
  );
});

test("checks stand under their subject, each with what to do", () => {
  const findings = [
    good("a holds", "1 of 1"),
    warning("b", "nearly"),
    bad("c", "broken", "heddle ps"),
    bad("d", "taken", "choose another port"),
  ];
  expect(formatFindings("machine", findings, style) + formatVerdict(findings)).toBe(
    `\
machine
 ✔ a holds  1 of 1
 ! b: nearly
 ✘ c: broken
     see heddle ps
 ✘ d: taken
     choose another port
1 good, 1 to know, 2 bad
`,
  );
});

test("a log line carries its workload's name, the supervisor's remarks between dashes", () => {
  const look = { name: "kvs-0", width: 9, index: 0, hasTime: false, style };
  const said = parseLogLine("2026-01-01T00:00:00.000Z out hello  there");
  const remark = parseLogLine("2026-01-01T00:00:00.000Z sys exited with code 1");
  expect(formatLogLine(said!, look)).toBe("kvs-0     | hello  there\n");
  expect(formatLogLine(remark!, { ...look, hasTime: true })).toBe(
    "kvs-0     | 2026-01-01T00:00:00.000Z -- exited with code 1 --\n",
  );
  expect(parseLogLine("whatever")).toBeNull();
});

test("a revision shows each field before and after", () => {
  const process = (replicas: number) => ({
    apiVersion: "heddle.dev/v1alpha1",
    kind: "Process",
    metadata: { name: "kvs" },
    spec: { replicas, command: ["node", "kvs.ts"] },
  });
  const detail: RevisionDetail = {
    revision: 2,
    atWallMs: 0,
    author: "dana",
    cause: "apply -f mesh.yaml",
    summary: [],
    changes: [{ collection: "processes.heddle.dev", before: process(3), after: process(4) }],
  };
  expect(formatRevision(detail, style)).toBe(
    `\
revision 2, 1970-01-01T00:00:00.000Z, by dana: apply -f mesh.yaml
~ Process/kvs
    spec:
  -   replicas: 3
  +   replicas: 4
      command:
        - node
        - kvs.ts
`,
  );
});
