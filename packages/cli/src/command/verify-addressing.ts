import { type AddressingReport, checkAddressing } from "@heddle/mesh/history/addressing.ts";
import { formatAddressing } from "../render/addressing.ts";
import { verdictExits } from "../render/verdict-word.ts";
import { backingFrom, readSource } from "./recorded-source.ts";
import type { VerifyOptions } from "./verify-options.ts";
import type { World } from "./world.ts";

/** `heddle verify addressing`: the rule of each hop, and the one lifted to services. Sets the exit code. */
export async function verifyAddressing(world: World, options: VerifyOptions): Promise<void> {
  const source = await readSource(world, options);
  const report = checkAddressing(source.recorded, {
    backing: await backingFrom(source),
    ...(source.nowWallMs === null ? {} : { nowWallMs: source.nowWallMs }),
  });
  if (options.output === "json") {
    world.out.write(`${JSON.stringify(dataOf(report, source.leftOut), null, 2)}\n`);
  } else {
    const namespace = options.namespace ?? "default";
    world.out.write(formatAddressing(report, { style: world.out.style, namespace }));
  }
  if (source.leftOut !== null) world.err.write(`${source.leftOut}\n`);
  process.exitCode = verdictExits[report.verdict];
}

/** What the verdict rests on is part of it. */
function dataOf(report: AddressingReport, leftOut: string | null) {
  const assumptions = [
    "an event that is inferred happened as the proxy beside its process saw the hop",
    "messages on plain connections of one name are paired in order of time",
  ];
  if (report.unjudgedByService > 0) {
    assumptions.push("requests of which intent is not known are not held against it");
  }
  if (leftOut !== null) assumptions.push(leftOut);
  return { ...report, assumptions };
}
