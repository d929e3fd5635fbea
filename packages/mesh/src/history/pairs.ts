import type { EndpointName, History, HistoryEvent } from "./event.ts";

/** A message as its two ends know it; null: that end's event is not in the histories. */
export interface MessagePair {
  readonly send: HistoryEvent | null;
  readonly recv: HistoryEvent | null;
}

/**
 * Send•M with Recv•M of the same M. Names of plain connections come again when ports are used again, so those of one
 * name are paired in order of time: a receipt goes with the last message sent before it that has none yet.
 */
export function pairsOf(
  histories: ReadonlyMap<EndpointName, History>,
  timeOf: (event: HistoryEvent) => number = ({ atMs }) => atMs,
): readonly MessagePair[] {
  const events = [...histories.values()].flatMap((history) => history.events);
  const pairs: MessagePair[] = [];
  for (const same of Map.groupBy(events, ({ message }) => message.id).values()) {
    if (same.length <= 2) {
      pairs.push(...pairFew(same));
      continue;
    }
    const inTime = same.toSorted((a, b) => timeOf(a) - timeOf(b));
    pairs.push(...pairMany(inTime, timeOf));
  }
  return pairs;
}

/** A message that nothing else shares its name with. */
function pairFew(events: readonly HistoryEvent[]): readonly MessagePair[] {
  const send = events.find(({ kind }) => kind === "send") ?? null;
  const recv = events.find(({ kind }) => kind === "recv") ?? null;
  if (events.length === 1 || (send !== null && recv !== null)) return [{ send, recv }];
  return events.map((event) => alone(event)); // twice the same kind
}

function pairMany(
  inTime: readonly HistoryEvent[],
  timeOf: (event: HistoryEvent) => number,
): readonly MessagePair[] {
  const pairs: MessagePair[] = [];
  const recvs = inTime.filter(({ kind }) => kind === "recv");
  let sends = inTime.filter(({ kind }) => kind === "send");
  for (const recv of recvs) {
    // Clocks of two recorders may be off by a little: better a send slightly later than none.
    const send =
      sends.findLast((each) => timeOf(each) <= timeOf(recv)) ??
      sends.find((each) => timeOf(each) - timeOf(recv) <= skewMaxMs) ??
      null;
    pairs.push({ send, recv });
    sends = sends.filter((each) => each !== send);
  }
  return [...pairs, ...sends.map((send) => alone(send))];
}

/** Two recorders of one host may disagree about the time by so much before it is worth a word, in ms. */
export const skewMaxMs = 5;

function alone(event: HistoryEvent): MessagePair {
  return event.kind === "send" ? { send: event, recv: null } : { send: null, recv: event };
}
