import { type AddressingReport, checkAddressing } from "@heddle/mesh/history/addressing.ts";
import { formatAddressing } from "../render/addressing.ts";
import { exits, Fault } from "../render/fault.ts";
import { backingFrom, readSource, type SourceOptions } from "./recorded-source.ts";
import type { VerifyOptions } from "./verify-options.ts";
import type { World } from "./world.ts";

/** `heddle verify addressing`: the rule of each hop, and the one lifted to services. Sets the exit code. */
export async function verifyAddressing(
  world: World,
  options: VerifyOptions & SourceOptions,
): Promise<void> {
  if (options.last !== undefined) {
    const why = "--last does not go with addressing: of a message both ends are needed";
    throw new Fault(exits.usage, why, `${world.program} verify addressing --since 10m`);
  }
  const source = await readSource(world, options);
  const report = checkAddressing(source.recorded, {
    backing: await backingFrom(source),
    ...(source.nowWallMs === null ? {} : { nowWallMs: source.nowWallMs }),
  });
  if (options.output === "json") {
    world.out.write(`${JSON.stringify(dataOf(report), null, 2)}\n`);
  } else {
    const namespace = options.namespace ?? "default";
    world.out.write(formatAddressing(report, { style: world.out.style, namespace }));
  }
  if (report.verdict === "violated") process.exitCode = exits.no;
  if (report.verdict === "undecided") process.exitCode = exits.undecided;
}

/** What the verdict rests on is part of it. */
function dataOf(report: AddressingReport) {
  const assumptions = [
    "an event that is inferred happened as the proxy beside its process saw the hop",
    "messages on plain connections of one name are paired in order of time",
  ];
  if (report.unjudgedByService > 0) {
    assumptions.push("requests of which intent is not known are not held against it");
  }
  return { ...report, assumptions };
}
