import { brokenAxiom } from "@heddle/mesh/contract/broken-axiom.ts";
import { checkContract } from "@heddle/mesh/contract/check-contract.ts";
import { sequentialModel } from "@heddle/mesh/contract/model.ts";
import type { Operation } from "@heddle/mesh/contract/operation.ts";
import type { Consistency, Verdict } from "@heddle/mesh/contract/verdict.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import { causesOf } from "../../../packages/cli/src/render/causes.ts";
import { buildStyle } from "../../../packages/cli/src/render/style.ts";
import { formatVerdict } from "../../../packages/cli/src/render/verdict.ts";
import { kvs } from "../kvs.contract.ts";

export interface Judgement {
  readonly verdict: Verdict;
  /** As `heddle verify` would print it. */
  readonly lines: readonly string[];
}

/** Judges a service that began empty by what its callers wrote down, with no mesh to ask. */
export function judge(operations: readonly Operation[], consistency: Consistency): Judgement {
  const numbered = operations.map((operation, id) => ({ ...operation, id }));
  const verdict = checkContract({
    contract: "kvs",
    service: "kvs",
    consistency,
    operations: numbered,
    model: sequentialModel(kvs, { key: "k", hashes: null }),
    initialOf: () => ({ kind: "empty" }),
    clock: new SystemClock(),
    axiomOf: (example) => brokenAxiom(kvs, example, true),
  });
  const about = { losses: [], key: "k", isPlaced: true, program: "heddle" };
  const text = formatVerdict(
    {
      verdict,
      definition: kvs,
      key: "k",
      when: "in all",
      completeness: "every event recorded by the callers themselves",
      causes: causesOf({ verdict, operations: numbered, ...about }),
      saysAssumptions: false,
      notes: [],
    },
    buildStyle(false),
  );
  return { verdict, lines: text.trimEnd().split("\n") };
}
