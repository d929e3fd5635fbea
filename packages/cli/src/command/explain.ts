import { kindHelp } from "@heddle/mesh/resource/help.ts";
import { Command } from "commander";
import { formatKind } from "../render/explain.ts";
import { withExamples } from "./options.ts";
import { kindOf } from "./target.ts";
import type { World } from "./world.ts";

export function explainCommand(world: World): Command {
  const command = new Command("explain")
    .description("tell what a kind of resource states: its fields, and an example")
    .argument("<kind>", "placement · contract · svc")
    .action((word: string) => {
      const kind = kindOf(word);
      world.out.write(formatKind(kind, kindHelp[kind.title]!, world.out.columns));
    });
  return withExamples(command, [
    ["heddle explain placement", "the same key to the same process"],
    ["heddle explain contract", "what a service promises its callers"],
  ]);
}
