import { globalView } from "@heddle/mesh/history/merge.ts";
import { behaviourOf, servicesSeen, structureOf } from "@heddle/mesh/history/views.ts";
import { Argument, Command, Option } from "commander";
import { formatData, formatHistories, historyData, lastOf } from "../render/history.ts";
import { processEdgeView, serviceEdgeView } from "../render/view.ts";
import { type MeshOptions, withExamples, withMesh } from "./options.ts";
import { readSource, type SourceOptions, withSince, withSource } from "./recorded-source.ts";
import { show } from "./show.ts";
import type { World } from "./world.ts";

interface Options extends SourceOptions, MeshOptions {
  readonly namespace?: string;
  readonly output: "table" | "json" | "yaml";
}

type Level = "service" | "process";
type Aspect = "structure" | "behaviour";

/** Exchanges of each history that are shown as text. */
const shownExchanges = 10;

export function viewCommand(world: World): Command {
  const command = new Command("view")
    .description("one run seen in four ways: services or processes, their graph or their histories")
    .addArgument(new Argument("<level>", "of what").choices(["service", "process"]))
    .addArgument(
      new Argument("<aspect>", "who asks whom; or what was sent and received").choices([
        "structure",
        "behaviour",
      ]),
    )
    .option("-n, --namespace <name>", 'names in it are said without it (default: "default")')
    .addOption(
      new Option("-o, --output <format>", "how to print it")
        .choices(["table", "json", "yaml"])
        .default("table"),
    )
    .action(async (level: Level, aspect: Aspect, options: Options) => {
      if (aspect === "structure") await showStructure(world, level, options);
      else await showBehaviour(world, level, options);
    });
  return withExamples(withMesh(withSource(withSince(command))), [
    ["heddle view service structure", "which service asks which, how often"],
    ["heddle view process structure", "the same through processes and proxies, hop by hop"],
    ["heddle view service behaviour", "what each process asked of services and answered for them"],
    [
      "heddle view process behaviour --since 1m",
      "every endpoint's history, proxies too, with addresses",
    ],
  ]);
}

async function showStructure(world: World, level: Level, options: Options): Promise<void> {
  const { recorded, leftOut } = await readSource(world, options);
  if (leftOut !== null) world.err.write(`${leftOut}\n`);
  const { namespace = "default", output } = options;
  const structure = structureOf(globalView(recorded), servicesSeen(recorded), namespace);
  if (level === "service") show(world, serviceEdgeView, structure.service, output);
  else show(world, processEdgeView(namespace), structure.process, output);
}

async function showBehaviour(world: World, level: Level, options: Options): Promise<void> {
  const { recorded, leftOut } = await readSource(world, options);
  if (leftOut !== null) world.err.write(`${leftOut}\n`);
  const { namespace = "default", output } = options;
  const histories = behaviourOf(recorded, level);
  if (output !== "table") {
    const data = histories.map((history) => historyData(history, recorded));
    world.out.write(formatData(data, output));
    return;
  }
  if (histories.length === 0) {
    world.err.write(`${serviceEdgeView.nothing.replace("heddle", world.program)}\n`);
    return;
  }
  const shown = histories.map((history) => lastOf(history, shownExchanges));
  const notation = level === "process" ? "address" : "service";
  world.out.write(formatHistories(shown, { namespace, level: notation }));
}
