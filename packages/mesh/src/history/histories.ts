import type { ProcessStart, RecordedBatch } from "./batch.ts";
import type { ContractDocs } from "./content.ts";
import { isOutside } from "./endpoint-name.ts";
import type { EndpointName, History, HistoryEvent } from "./event.ts";
import { eventsOf } from "./events.ts";
import type { RecordedAttempt, RecordedExchange } from "./exchange.ts";
import { type Life, livesOf, type Unrecorded, unrecordedOf } from "./lives.ts";

/** Every endpoint's local history, and what is known of their completeness. */
export interface RecordedHistories {
  readonly histories: ReadonlyMap<EndpointName, History>;
  /** By epoch. */
  readonly lives: ReadonlyMap<string, Life>;
  readonly unrecorded: readonly Unrecorded[];
  /** What proxies call an endpoint that records itself, by the name it gave itself. */
  readonly aliases: ReadonlyMap<EndpointName, ReadonlySet<EndpointName>>;
}

export interface HistoriesOptions {
  /** Default: none is at hand, and operations are shown as they were recorded. */
  readonly contracts?: ContractDocs;
  /** When processes were started. Default: not known, so a record is taken to reach back to them. */
  readonly starts?: readonly ProcessStart[];
  /** What endpoints recorded themselves, each in its own order: it replaces what a proxy inferred of them. */
  readonly observed?: readonly HistoryEvent[];
}

/**
 * The histories in what was recorded. A batch may come twice: kept, and once more from the proxy that still holds it. Each
 * history holds its endpoint's events alone, those of one epoch in the order of `seq`, epochs as they began.
 */
export function historiesOf(
  batches: readonly RecordedBatch[],
  { contracts = new Map(), starts = [], observed = [] }: HistoriesOptions = {},
): RecordedHistories {
  const lives = livesOf(batches, starts);
  const byName = new Map(lives.map((life) => [life.name, life]));
  const recorded = withoutRepeats(batches).flatMap((batch) => eventsOf(batch, contracts));
  const { kept, aliases } = withoutCopies(withoutStrangers(recorded), observed);
  const events = [...kept, ...observed];
  const order = new Map(lives.map(({ name }, index) => [name, index]));
  const histories = new Map<EndpointName, History>();
  for (const [endpoint, own] of Map.groupBy(events, (event) => event.endpoint)) {
    const epochs = new Set(own.map(({ epoch }) => epoch));
    const isOneKind = epochs.size === 1 || [...epochs].every((epoch) => order.has(epoch));
    const byPlace = (a: HistoryEvent, b: HistoryEvent) =>
      a.epoch === b.epoch ? a.seq - b.seq : order.get(a.epoch)! - order.get(b.epoch)!;
    // Of an endpoint that records itself and a proxy that inferred the rest only time says what came first.
    const byTime = (a: HistoryEvent, b: HistoryEvent) => a.atMs - b.atMs || a.seq - b.seq;
    const isWhole = epochs.size === 1 && (byName.get(own[0]!.epoch)?.isWhole ?? true);
    histories.set(endpoint, { endpoint, events: own.sort(isOneKind ? byPlace : byTime), isWhole });
  }
  return { histories, lives: byName, unrecorded: unrecordedOf(batches, lives), aliases };
}

/** The local point of view: `endpoint`'s own events and nobody else's (H3). */
export function localView({ histories }: RecordedHistories, endpoint: EndpointName): History {
  return histories.get(endpoint) ?? { endpoint, events: [], isWhole: false };
}

/** Wall ms of an event: its recorder's clock, put where people can compare it. */
export function wallMsOf(event: HistoryEvent, lives: ReadonlyMap<string, Life>): number {
  return event.atMs + (lives.get(event.epoch)?.wallOffsetMs ?? anyOffset(lives));
}

/** Of an endpoint that records itself nothing but its events is known: it runs on the same host as the rest. */
function anyOffset(lives: ReadonlyMap<string, Life>): number {
  for (const { wallOffsetMs } of lives.values()) return wallOffsetMs;
  return 0;
}

/** What comes twice under one number and tells of other messages is no repeat: both are judged. */
function withoutRepeats(batches: readonly RecordedBatch[]): readonly RecordedBatch[] {
  const seen = new Map<string, Map<number, RecordedExchange>>();
  return batches.map((batch) => {
    const known = seen.get(batch.life) ?? new Map<number, RecordedExchange>();
    seen.set(batch.life, known);
    const isNew = (exchange: RecordedExchange) => {
      const before = known.get(exchange.id);
      if (before === undefined) known.set(exchange.id, exchange);
      return before === undefined || !isOfSameMessages(before, exchange);
    };
    return { ...batch, exchanges: batch.exchanges.filter(isNew) };
  });
}

function isOfSameMessages(one: RecordedExchange, other: RecordedExchange): boolean {
  const isSame = (a: RecordedAttempt, b: RecordedAttempt | undefined) =>
    a.connection === b?.connection && a.ordinal === b.ordinal && a.target === b.target;
  return (
    one.front.connection === other.front.connection &&
    one.front.ordinal === other.front.ordinal &&
    one.attempts.length === other.attempts.length &&
    one.attempts.every((attempt, index) => isSame(attempt, other.attempts[index]))
  );
}

/**
 * Who calls a plain listener and names no workload is taken for somebody outside, and so is who answers at an egress;
 * until the record of an endpoint of the mesh turns out to hold that very event.
 */
function withoutStrangers(events: readonly HistoryEvent[]): readonly HistoryEvent[] {
  const ofMesh = events.filter(({ endpoint }) => !isOutside(endpoint));
  if (ofMesh.length === events.length) return events;
  const known = new Set(ofMesh.map(keyOf));
  return events.filter((event) => !isOutside(event.endpoint) || !known.has(keyOf(event)));
}

/** What is inferred, but for events that their own endpoint recorded; of several copies the nearest in time goes. */
function withoutCopies(
  inferred: readonly HistoryEvent[],
  observed: readonly HistoryEvent[],
): { readonly kept: readonly HistoryEvent[]; readonly aliases: RecordedHistories["aliases"] } {
  if (observed.length === 0) return { kept: inferred, aliases: new Map() };
  const own = Map.groupBy(observed, keyOf);
  const dropped = new Set<HistoryEvent>();
  const aliases = new Map<EndpointName, Set<EndpointName>>();
  for (const [key, copies] of Map.groupBy(
    inferred.filter((event) => event.isInferred),
    keyOf,
  )) {
    const free = new Set(copies);
    for (const event of own.get(key) ?? []) {
      const distance = (copy: HistoryEvent) => Math.abs(copy.atMs - event.atMs);
      const nearest = [...free].sort((a, b) => distance(a) - distance(b))[0];
      if (nearest === undefined) break;
      free.delete(nearest);
      dropped.add(nearest);
      const names = aliases.get(event.endpoint) ?? new Set();
      aliases.set(event.endpoint, names.add(nearest.endpoint));
    }
  }
  return { kept: inferred.filter((event) => !dropped.has(event)), aliases };
}

function keyOf({ kind, message }: HistoryEvent): string {
  return `${kind} ${message.id}`;
}
