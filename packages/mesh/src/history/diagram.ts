import { conversationsOf } from "./conversations.ts";
import { shortName } from "./endpoint-name.ts";
import type { EndpointName, HistoryEvent } from "./event.ts";
import type { GlobalView } from "./merge.ts";
import { formatReply, formatRequest } from "./notation.ts";

/** A space-time diagram: a lane per endpoint, time from left to right, an event in each column. Pure layout. */
export interface Diagram {
  readonly lanes: readonly Lane[];
  readonly marks: readonly Mark[];
  readonly arrows: readonly Arrow[];
  /** What the numbers mean, a line for each conversation: `M1 M2 M3 Get(1)`, `M4 M5 M6 "a"`. */
  readonly legend: readonly (readonly string[])[];
}

export interface Lane {
  readonly endpoint: EndpointName;
  readonly label: string;
  readonly isInferred: boolean;
}

/** An event; its place in `marks` is its place in time. */
export interface Mark {
  readonly lane: number;
  /** `M1`: messages are numbered as they were sent. */
  readonly label: string;
  readonly event: HistoryEvent;
}

/** A message, from mark to mark; null: that end is not recorded, or never was. */
export interface Arrow {
  readonly label: string;
  readonly type: "request" | "reply";
  readonly text: string;
  readonly from: number | null;
  readonly to: number | null;
}

/** Lays out all of a view, lanes as they first appear. */
export function layoutDiagram(view: GlobalView, namespace = "default"): Diagram {
  const lanes: Lane[] = [];
  const laneOf = new Map<EndpointName, number>();
  const numbers = numberMessages(view);
  const marks = view.events.map((event): Mark => {
    let lane = laneOf.get(event.endpoint);
    if (lane === undefined) {
      lane = lanes.length;
      laneOf.set(event.endpoint, lane);
      const { endpoint, isInferred } = event;
      lanes.push({ endpoint, label: shortName(endpoint, namespace), isInferred });
    }
    return { lane, label: numbers.get(event)!, event };
  });
  const placeOf = new Map(marks.map(({ event }, index) => [event, index]));
  const arrows = view.pairs
    .filter(({ send, recv }) => placeOf.has((send ?? recv)!))
    .map(({ send, recv }): Arrow => {
      const known = (send ?? recv)!;
      return {
        label: numbers.get(known)!,
        type: known.message.type,
        text: textOf(known),
        from: send === null ? null : placeOf.get(send)!,
        to: recv === null ? null : placeOf.get(recv)!,
      };
    });
  return { lanes, marks, arrows, legend: legendOf(view, numbers) };
}

/** Both events of a message bear its number. */
function numberMessages({ events, pairs }: GlobalView): ReadonlyMap<HistoryEvent, string> {
  const other = new Map<HistoryEvent, HistoryEvent>();
  for (const { send, recv } of pairs) {
    if (send === null || recv === null) continue;
    other.set(send, recv);
    other.set(recv, send);
  }
  const numbers = new Map<HistoryEvent, string>();
  let count = 0;
  for (const event of events) {
    if (numbers.has(event)) continue;
    const label = `M${++count}`;
    numbers.set(event, label);
    const end = other.get(event);
    if (end !== undefined) numbers.set(end, label);
  }
  return numbers;
}

function legendOf(
  view: GlobalView,
  numbers: ReadonlyMap<HistoryEvent, string>,
): readonly (readonly string[])[] {
  return conversationsOf(view).map(({ events }) => {
    const groups = Map.groupBy(events, (event) => `${event.message.type} ${textOf(event)}`);
    return Array.from(groups.values(), (same) => {
      const labels = new Set(same.map((event) => numbers.get(event)!));
      return `${[...labels].join(" ")} ${textOf(same[0]!)}`;
    });
  });
}

function textOf({ message: { content } }: HistoryEvent): string {
  return "method" in content ? formatRequest(content) : formatReply(content);
}
