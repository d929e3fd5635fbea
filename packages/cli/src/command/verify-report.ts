import type { Operation } from "@heddle/mesh/contract/operation.ts";
import type { Verdict } from "@heddle/mesh/contract/verdict.ts";
import type { ProcessStart } from "@heddle/mesh/history/batch.ts";
import { findKindByWord } from "@heddle/mesh/resource/index.ts";
import { lossesOf } from "../drive/losses.ts";
import { causesOf } from "../render/causes.ts";
import { formatVerdict, type VerdictText } from "../render/verdict.ts";
import { verdictExits } from "../render/verdict-word.ts";
import type { Subject } from "./verify-subject.ts";
import type { World } from "./world.ts";

export interface Report
  extends Pick<VerdictText, "when" | "completeness" | "notes" | "saysAssumptions"> {
  readonly verdict: Verdict;
  readonly operations: readonly Operation[];
  readonly starts: readonly ProcessStart[];
}

/** Prints the verdict, and sets the exit code. */
export async function report(
  world: World,
  subject: Subject,
  about: Report,
  output: "table" | "json",
): Promise<void> {
  const { verdict } = about;
  process.exitCode = verdictExits[verdict.verdict];
  if (output === "json") {
    world.out.write(`${asJson(verdict)}\n`);
    return;
  }
  const { definition, doc } = subject;
  const causes = verdict.verdict === "violated" ? await explain(world, subject, about) : [];
  const text = { ...about, definition, key: doc.key, causes };
  world.out.write(formatVerdict(text, world.out.style));
}

async function explain(
  { program }: World,
  { api, doc, namespace, service }: Subject,
  { verdict, operations, starts }: Report,
): Promise<readonly string[]> {
  const placements = await api.list(findKindByWord("placement")!, namespace);
  const isPlaced = placements.some(({ spec }) =>
    (spec as { targetRefs: { name: string }[] }).targetRefs.some(({ name }) => name === service),
  );
  const losses = lossesOf(verdict.violatedKeys, operations, starts);
  return causesOf({ verdict, operations, losses, key: doc.key, isPlaced, program });
}

/** On one line. Numbers that JSON has not are texts. */
export function asJson(verdict: Verdict): string {
  return JSON.stringify(verdict, (_, value: unknown) =>
    typeof value === "bigint" ? String(value) : value === Infinity ? "Infinity" : value,
  );
}
