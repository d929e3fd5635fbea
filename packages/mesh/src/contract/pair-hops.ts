import type { RecordedBatch } from "../history/batch.ts";
import { messageId, type RecordedExchange } from "../history/exchange.ts";

/** A recorded exchange, and whose proxy recorded it. */
export interface Recorded {
  readonly exchange: RecordedExchange;
  readonly workload: RecordedBatch["workload"];
  readonly life: string;
}

/** One exchange end to end: the caller's side, and what the proxies of the processes that were asked made of it. */
export interface Hops {
  readonly caller: Recorded | null;
  /** In the order of attempts; one alone where the caller's side is not recorded. */
  readonly inbound: readonly Recorded[];
}

/** A connection's name may come again on plain connections, once its ports are used again: then time decides. */
const sameHopMs = 60_000;

/**
 * Finds what several proxies recorded of one exchange: an attempt and an inbound exchange are one if they are on the same
 * connection with the same ordinal. Each inbound exchange belongs to one attempt at most, so nothing that is recorded twice
 * counts twice.
 */
export function pairHops(recorded: readonly Recorded[]): readonly Hops[] {
  const isInbound = ({ exchange }: Recorded) => exchange.direction === "inbound";
  const free = Map.groupBy(recorded.filter(isInbound), ({ exchange }) => {
    return messageId(exchange.front.connection, exchange.front.ordinal, "request");
  });
  const callers = recorded.filter((one) => !isInbound(one));
  callers.sort((a, b) => a.exchange.startMs - b.exchange.startMs);
  const paired = callers.map((caller): Hops => {
    const inbound = caller.exchange.attempts.flatMap(({ connection, ordinal, sentMs }) => {
      if (connection === null) return [];
      const candidates = free.get(messageId(connection, ordinal, "request")) ?? [];
      const distance = ({ exchange }: Recorded) => Math.abs(exchange.startMs - sentMs);
      const nearest = candidates.toSorted((a, b) => distance(a) - distance(b))[0];
      if (nearest === undefined || distance(nearest) > sameHopMs) return [];
      candidates.splice(candidates.indexOf(nearest), 1);
      return [nearest];
    });
    return { caller, inbound };
  });
  const alone = [...free.values()].flat().map((one): Hops => ({ caller: null, inbound: [one] }));
  return [...paired, ...alone];
}
