import { conversationsOf } from "@heddle/mesh/history/conversations.ts";
import { workloadOf } from "@heddle/mesh/history/endpoint-name.ts";
import type { EndpointName } from "@heddle/mesh/history/event.ts";
import type { RecordedHistories } from "@heddle/mesh/history/histories.ts";
import { type GlobalView, globalView } from "@heddle/mesh/history/merge.ts";
import {
  eventData,
  formatData,
  formatDiagram,
  formatGlobal,
  formatProblem,
} from "../render/history.ts";
import type { HistoryOptions } from "./history-options.ts";
import { findProcesses, type HistoryTarget, processesOf } from "./history-target.ts";
import { namespaceOf } from "./options.ts";
import { readSource } from "./recorded-source.ts";
import type { World } from "./world.ts";

/** Conversations of a list, and of a diagram, that are shown without `--last`. */
const listedConversations = 50;
const drawnConversations = 3;
/** The last few are looked for in what is recent first: all that is kept of a day is much to read. */
const recentExchanges = [2_000, 20_000];

/** The histories merged, as a list, as data or as a diagram. */
export async function showGlobal(
  world: World,
  target: HistoryTarget | null,
  options: HistoryOptions,
): Promise<void> {
  const { output } = options;
  const isDiagram = options.diagram === true || output === "svg";
  const isData = output === "json" || output === "yaml";
  const usual = isData ? null : isDiagram ? drawnConversations : listedConversations;
  const count = options.last === undefined ? usual : options.last;
  const { recorded, view } = await readLast(world, target, count, options);
  if (isData) {
    const events = view.events.map((event) => eventData(event, recorded.lives));
    world.out.write(formatData({ events, problems: view.problems.map(formatProblem) }, output));
    return;
  }
  const namespace = options.namespace ?? "default";
  if (view.events.length === 0) {
    world.err.write(`${nothingYet(world)}\n`);
  } else if (isDiagram) {
    const format = output === "svg" ? "svg" : "text";
    world.out.write(formatDiagram(view, format, { terminal: world.out, namespace }));
  } else {
    world.out.write(formatGlobal(view, recorded, { namespace }));
  }
  for (const problem of view.problems) world.err.write(`${formatProblem(problem)}\n`);
}

export function nothingYet({ program }: World): string {
  return `nothing is recorded yet; see: ${program} ps`;
}

interface LastRead {
  readonly recorded: RecordedHistories;
  readonly view: GlobalView;
}

/** Reads until it has the last so many conversations; all of them with null. @throws Fault where there is none of a target. */
async function readLast(
  world: World,
  target: HistoryTarget | null,
  count: number | null,
  options: HistoryOptions,
): Promise<LastRead> {
  const namespace = namespaceOf(options);
  const isLive = options.from === undefined && options.proxy === undefined;
  const few = isLive && options.since === undefined && count !== null ? recentExchanges : [];
  for (const last of few) {
    const { recorded, leftOut } = await readSource(world, options, { last: String(last) });
    const meant = meantConversations(recorded, findProcesses(recorded, target, namespace), {
      target,
      namespace,
    });
    // One more than asked for: of the first the beginning may be cut off.
    if (meant.conversations.length > count!) return { recorded, view: lastOf(meant, count) };
    if (leftOut === null) break;
  }
  const { recorded, leftOut } = await readSource(world, options);
  if (leftOut !== null && count === null) world.err.write(`${leftOut}\n`);
  const processes = processesOf(recorded, target, namespace);
  const meant = meantConversations(recorded, processes, { target, namespace });
  return { recorded, view: lastOf(meant, count) };
}

interface Meant {
  readonly whole: GlobalView;
  readonly conversations: ReturnType<typeof conversationsOf>;
}

/** Conversations in which one of these processes had a part; without a target, anybody of the namespace. */
function meantConversations(
  recorded: RecordedHistories,
  processes: readonly EndpointName[],
  { target, namespace }: { target: HistoryTarget | null; namespace: string | null },
): Meant {
  const whole = globalView(recorded);
  const names = new Set(processes.map(workloadOf));
  const isMeant = (endpoint: EndpointName) =>
    target === null
      ? namespace === null || endpoint.startsWith(`${namespace}/`)
      : names.has(workloadOf(endpoint));
  const conversations = conversationsOf(whole).filter(({ events }) =>
    events.some(({ endpoint }) => isMeant(endpoint)),
  );
  return { whole, conversations };
}

function lastOf({ whole, conversations }: Meant, count: number | null): GlobalView {
  const last = count === null ? conversations : conversations.slice(-count);
  const kept = new Set(last.flatMap(({ events }) => events));
  return {
    ...whole,
    events: whole.events.filter((event) => kept.has(event)),
    problems: whole.problems.filter((problem) =>
      problem.kind === "clock"
        ? kept.has(problem.recv)
        : problem.events.some((each) => kept.has(each)),
    ),
  };
}
