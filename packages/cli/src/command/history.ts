import type { EndpointName } from "@heddle/mesh/history/event.ts";
import { localView, type RecordedHistories } from "@heddle/mesh/history/histories.ts";
import { Command, InvalidArgumentError, Option } from "commander";
import { exits, Fault } from "../render/fault.ts";
import { formatData, formatHistories, historyData, lastOf } from "../render/history.ts";
import { followHistory } from "./history-follow.ts";
import { nothingYet, showGlobal } from "./history-global.ts";
import type { HistoryOptions } from "./history-options.ts";
import {
  type HistoryTarget,
  parseHistoryTarget,
  processesOf,
  resolveTarget,
} from "./history-target.ts";
import { namespaceOf, withExamples, withMesh, withNamespace } from "./options.ts";
import { readSource, withSince, withSource } from "./recorded-source.ts";
import { apiOf, type World } from "./world.ts";

/** Exchanges of a list that are shown without `--last`. */
const listedExchanges = 50;

export function historyCommand(world: World): Command {
  const command = new Command("history")
    .description(
      "what endpoints sent and received, in order: each one's own history, or all of them merged",
    )
    .argument(
      "[who]",
      "a workload, or a service for all processes behind it; default: all processes",
    )
    .option("--global", "the histories merged: no endpoint's order, and no message, contradicts it")
    .option("--diagram", "the global view as a space-time diagram, a lane for each endpoint")
    .option("--steps", "each history as it grew, an event more a line")
    .option("--short", "without contents, as on the first slides: [Send•Req, Recv•Res]")
    .option("-f, --follow", "go on with what comes, until Ctrl-C")
    .option("--last <number>", "only so many of the newest exchanges, or all", parseLast)
    .addOption(
      new Option(
        "-o, --output <format>",
        "list: as the talk writes it; svg: the diagram as a picture",
      )
        .choices(["list", "json", "yaml", "svg"])
        .default("list"),
    )
    .action(async (who: string | undefined, options: HistoryOptions) => {
      mustGoTogether(options);
      const target = who === undefined ? null : parseHistoryTarget(who);
      if (options.follow === true) return followHistory(world, target, options);
      await showHistory(world, target, options);
    });
  return withExamples(withMesh(withNamespace(withSource(withSince(command)))), [
    ["heddle history e", "e's own: [Send•Req=(kvs, Get(1)), Recv•Res=ok]"],
    ["heddle history service/kvs --last 5", "of each process behind kvs"],
    ["heddle history --global --diagram --last 1", "the last request and all its hops"],
    ["heddle history --diagram -o svg > last.svg", "the same as a picture"],
    ["heddle history e --follow", "events as they are recorded"],
  ]);
}

async function showHistory(
  world: World,
  target: HistoryTarget | null,
  options: HistoryOptions,
): Promise<void> {
  const meant = await meantBy(world, target, options);
  if (options.global === true || options.diagram === true || options.output === "svg") {
    return showGlobal(world, meant, options);
  }
  const namespace = namespaceOf(options);
  const query = meant === null ? {} : queryFor(meant, namespace);
  const { recorded, leftOut } = await readSource(world, options, query);
  if (leftOut !== null) world.err.write(`${leftOut}\n`);
  showLocal(world, recorded, processesOf(recorded, meant, namespace), options);
}

function showLocal(
  world: World,
  recorded: RecordedHistories,
  processes: readonly EndpointName[],
  options: HistoryOptions,
): void {
  const { output, steps = false, short = false } = options;
  const isData = output === "json" || output === "yaml";
  const count = options.last === undefined && !isData ? listedExchanges : (options.last ?? null);
  const shown = processes.map((endpoint) => lastOf(localView(recorded, endpoint), count));
  if (isData) {
    const data = shown.map(({ history }) => historyData(history, recorded));
    world.out.write(formatData(data, output));
    return;
  }
  if (shown.length === 0) world.err.write(`${nothingYet(world)}\n`);
  const namespace = options.namespace ?? "default";
  const detail = short ? "short" : "full";
  world.out.write(formatHistories(shown, { namespace, isGrowing: steps, detail }));
  const partial = shown.filter(({ history }) => !history.isWhole);
  if (partial.length === 0) return;
  const names = partial.map(({ history }) => history.endpoint).join(", ");
  world.err.write(`not whole, something before or within is not recorded: ${names}\n`);
}

async function meantBy(
  world: World,
  target: HistoryTarget | null,
  options: HistoryOptions,
): Promise<HistoryTarget | null> {
  if (target === null || options.from !== undefined || options.proxy !== undefined) return target;
  return resolveTarget(await apiOf(world, options), target, options.namespace ?? "default");
}

/** A process behind a service may ask others, too: all of its own history is meant, not only what is the service's. */
function queryFor({ kind, name }: HistoryTarget, namespace: string | null) {
  const of = kind === "service" ? {} : { workload: name };
  return namespace === null ? of : { ...of, namespace };
}

function mustGoTogether(options: HistoryOptions): void {
  const isGlobal = options.global === true || options.diagram === true || options.output === "svg";
  const wrong = (why: string) => new Fault(exits.usage, why);
  if (options.follow === true && isGlobal) {
    throw wrong("--follow: the global order of what has not yet come is not known");
  }
  if (options.follow === true && (options.from !== undefined || options.proxy !== undefined)) {
    throw wrong("--follow needs a control plane: not with --from or --proxy");
  }
  if (
    options.steps === true &&
    (isGlobal || options.follow === true || options.output !== "list")
  ) {
    throw wrong("--steps shows local histories as a list");
  }
  if (
    options.short === true &&
    (isGlobal || options.follow === true || options.output !== "list")
  ) {
    throw wrong("--short shows local histories as a list");
  }
  if (options.diagram === true && (options.output === "json" || options.output === "yaml")) {
    throw wrong("--diagram is text, or a picture with -o svg");
  }
  if (options.follow === true && options.output === "yaml") {
    throw wrong("--follow prints lines: -o list or json");
  }
}

function parseLast(text: string): number | null {
  if (text === "all") return null;
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("expected a whole number from 1, or all.");
}
