import type { Evidence } from "@heddle/mesh/check/evidence.ts";
import { type Checker, checkers } from "@heddle/mesh/check/index.ts";
import type { ConstraintReport } from "@heddle/mesh/check/report.ts";
import type { ConstraintKind } from "@heddle/mesh/model/constraint.ts";
import { beforeAll, describe, expect, test } from "vitest";
import { recordEvidence } from "./judged-mesh.ts";
import { type Mutant, mutants } from "./mutants.ts";

type Checkers = Readonly<Record<ConstraintKind, Checker>>;

const kinds = Object.keys(checkers) as ConstraintKind[];

/** Does the one whose business it is say what is wrong? */
function isNoticed({ noticedBy, says }: Mutant, evidence: Evidence, by: Checkers): boolean {
  const { verdict, violations } = by[noticedBy](evidence);
  return verdict === "violated" && violations.some(({ what }) => says.test(what));
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "as it is, every constraint holds, and each kind was put to the test (seed %i)",
  async (seed) => {
    const evidence = await recordEvidence(seed);
    for (const kind of kinds) {
      const report = checkers[kind](evidence);
      expect(report.violations).toEqual([]);
      expect(report).toMatchObject({ kind, verdict: "holds", broken: 0, notJudged: {} });
      expect(report.judged, kind).toBeGreaterThan(3);
      expect(report.subjects, kind).toBeGreaterThan(0);
    }
  },
);

describe("each mutant is noticed by its checker", () => {
  const recorded = new Map<Mutant, Evidence>();

  beforeAll(async () => {
    for (const mutant of mutants) recorded.set(mutant, await recordEvidence(1, mutant));
  });

  test.each(mutants.map((mutant) => [mutant.of, mutant.name, mutant] as const))(
    "%s: %s",
    (_of, _name, mutant) => {
      const { violations } = checkers[mutant.noticedBy](recorded.get(mutant)!);
      expect(violations.map(({ what }) => what)).toContainEqual(expect.stringMatching(mutant.says));
    },
  );

  test.each(kinds)("and with the checker of %s gutted, those of that kind are not", (gutted) => {
    const nothing: ConstraintReport = { ...checkers[gutted](recorded.get(mutants[0]!)!) };
    const blind: Checkers = {
      ...checkers,
      [gutted]: () => ({ ...nothing, verdict: "holds", broken: 0, violations: [] }),
    };
    const missed = (by: Checkers) =>
      mutants.filter((mutant) => !isNoticed(mutant, recorded.get(mutant)!, by));
    expect(missed(checkers)).toEqual([]);
    const unnoticed = missed(blind);
    expect(unnoticed.length).toBeGreaterThanOrEqual(2);
    expect(new Set(unnoticed.map(({ noticedBy }) => noticedBy))).toEqual(new Set([gutted]));
  });

  test("what the gate refuses was not processed: the same callers with the gate on and off", async () => {
    const misled = mutants.find(({ name }) => name === "slots are shifted for one caller")!;
    const on = checkers.placement(recorded.get(misled)!);
    expect(on.violations.every(({ what }) => what.includes("sent to"))).toBe(true);
    const off = checkers.placement(
      await recordEvidence(1, {
        documents: (workload, documents) =>
          misled.documents!(
            workload,
            workload.startsWith("kvs")
              ? documents.map((doc) => (doc.kind === "service" ? { ...doc, placement: null } : doc))
              : documents,
          ),
      }),
    );
    expect(off.violations.some(({ what }) => what.includes("processed by"))).toBe(true);
  });
});

test("a stranger who is refused at the door is received by nobody", async () => {
  const { identity } = mutants.find(({ name }) => name === "whoever has a certificate is let in")!;
  const evidence = await recordEvidence(1, { identity: identity! });
  expect(checkers.access(evidence).violations).toEqual([]);
});
