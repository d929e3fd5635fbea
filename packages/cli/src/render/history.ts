import { exchangeOf } from "@heddle/mesh/history/conversations.ts";
import { layoutDiagram } from "@heddle/mesh/history/diagram.ts";
import { drawSvg } from "@heddle/mesh/history/diagram-svg.ts";
import { drawText } from "@heddle/mesh/history/diagram-text.ts";
import { shortName } from "@heddle/mesh/history/endpoint-name.ts";
import type { History, HistoryEvent } from "@heddle/mesh/history/event.ts";
import { type RecordedHistories, wallMsOf } from "@heddle/mesh/history/histories.ts";
import type { GlobalView, HistoryProblem } from "@heddle/mesh/history/merge.ts";
import {
  formatEvent,
  formatEvents,
  formatGrowing,
  type NotationOptions,
} from "@heddle/mesh/history/notation.ts";
import { stringify } from "yaml";
import type { Terminal } from "./terminal.ts";

/** Events that are shown, and whether some before them are not. */
export interface Shown {
  readonly history: History;
  readonly isCut: boolean;
}

/** The last `count` exchanges of a history; all with null. */
export function lastOf(history: History, count: number | null): Shown {
  const exchanges = new Set<string>();
  for (const event of history.events.toReversed()) {
    if (count !== null && exchanges.size === count && !exchanges.has(exchangeOf(event))) break;
    exchanges.add(exchangeOf(event));
  }
  const events = history.events.filter((event) => exchanges.has(exchangeOf(event)));
  return { history: { ...history, events }, isCut: events.length < history.events.length };
}

/** `History[e]`, and the list below; with `isGrowing` as it grew, a line for each step. */
export function formatHistories(
  shown: readonly Shown[],
  options: NotationOptions & { readonly isGrowing?: boolean } = {},
): string {
  const { namespace = "default", isGrowing = false } = options;
  const texts = shown.map(({ history, isCut }) => {
    const list = formatEvents(history.events, options);
    const lines = isGrowing
      ? formatGrowing(history, options)
      : [isCut ? list.replace("[", "[…, ") : list];
    return `History[${shortName(history.endpoint, namespace)}]\n${lines.join("\n")}\n`;
  });
  return texts.join("\n");
}

/** One event a line, in global order: `+1.204 ms  e/proxy  Send•Req=(kvs, Get(1))`. */
export function formatGlobal(
  { events }: GlobalView,
  { lives }: RecordedHistories,
  options: NotationOptions = {},
): string {
  const { namespace = "default" } = options;
  const beginMs = events[0] === undefined ? 0 : wallMsOf(events[0], lives);
  const rows = events.map((event) => [
    `${(wallMsOf(event, lives) - beginMs).toFixed(3)} ms`,
    shortName(event.endpoint, namespace),
    formatEvent(event, options),
  ]);
  const [times, names] = [0, 1].map((column) =>
    Math.max(0, ...rows.map((row) => row[column]!.length)),
  );
  return rows
    .map(([time, name, text]) => `${time!.padStart(times!)}  ${name!.padEnd(names!)}  ${text}\n`)
    .join("");
}

export function formatDiagram(
  view: GlobalView,
  format: "text" | "svg",
  { terminal, namespace }: { readonly terminal: Terminal; readonly namespace: string },
): string {
  const diagram = layoutDiagram(view, namespace);
  if (format === "svg") return drawSvg(diagram);
  return drawText(diagram, terminal.isTerminal ? terminal.columns : Number.POSITIVE_INFINITY);
}

export function formatData(data: unknown, format: "json" | "yaml"): string {
  return format === "json" ? `${JSON.stringify(data, null, 2)}\n` : stringify(data);
}

/** As data: each event as recorded, with its wall time and as it is written. */
export function historyData(history: History, { lives }: RecordedHistories) {
  return { ...history, events: history.events.map((event) => eventData(event, lives)) };
}

export function eventData(event: HistoryEvent, lives: RecordedHistories["lives"]) {
  return { ...event, wallMs: wallMsOf(event, lives), text: formatEvent(event) };
}

/** What cannot have been, in words. */
export function formatProblem(problem: HistoryProblem): string {
  if (problem.kind === "clock") {
    const { recv, earlyMs } = problem;
    const early = `${earlyMs.toFixed(1)} ms before it was sent`;
    return `by the clocks ${recv.endpoint} received ${recv.message.id} ${early}; it is shown after`;
  }
  const ends = problem.events.map(({ endpoint, message }) => `${endpoint} ${message.id}`);
  return `these wait for each other, so no order has them all: ${ends.join(", ")}`;
}
