import type { ProcessStart, RecordedBatch } from "../history/batch.ts";
import type { AssembleOptions } from "./assemble-options.ts";
import { coverageOf, firstStartOf, type ProxyCoverage } from "./coverage.ts";
import type { Recorded } from "./pair-hops.ts";
import type { Cut } from "./segments.ts";
import type { Initial } from "./sequential.ts";

/**
 * What of a service's keys is not in the record.
 *
 * An operation takes effect at a process, and that process's proxy records it: so the proxies of the processes must have no
 * gap. A gap of a caller's proxy alone hides nothing that happened. A gap of a process's proxy hides nothing either
 * where the proxies of all callers that are known recorded all the while; else each key that the process may answer for
 * is unknown after it. Where a process has no proxy that records, the callers' take its place.
 */
export class Reach {
  readonly assumptions: readonly string[];
  readonly #options: AssembleOptions;
  readonly #boot: string;
  readonly #processes: readonly ProxyCoverage[];
  /** Neither seen to answer nor to ask: they may have answered where their record has a gap. */
  readonly #silent: readonly ProxyCoverage[];
  readonly #callers: readonly ProxyCoverage[];
  /** Uids of processes that were asked, and whose proxies recorded nothing. */
  readonly #bare: readonly string[];
  readonly #hasUnseenCallers: boolean;
  readonly #starts: readonly ProcessStart[];
  /** Nothing older is kept, or was read by this Contract; monotonic ms. Null: not known how far back it goes. */
  readonly #floorMs: number | null;
  /** Of what ended earlier only a part may be here; monotonic ms. */
  readonly #keptMs: number;
  /** When the first answer of each process was over; monotonic ms. */
  readonly #answeredMs = new Map<string, number>();
  readonly #begins = new Map<string, number>();
  readonly #gaps: readonly (Cut & { readonly uid: string | null })[];

  constructor(
    options: AssembleOptions,
    batches: readonly RecordedBatch[],
    recorded: readonly Recorded[],
  ) {
    this.#options = options;
    this.#boot = batches[0]?.boot ?? "";
    this.#starts = options.lines.flatMap((line) => ("start" in line ? [line.start] : []));
    const inbound = recorded.filter(({ exchange }) => exchange.direction === "inbound");
    const outbound = recorded.filter(({ exchange }) => exchange.direction !== "inbound");
    const asked = outbound.flatMap(({ exchange }) =>
      exchange.attempts.flatMap(({ sentSeq, endpointUid }) => (sentSeq > 0 ? [endpointUid] : [])),
    );
    const answering = new Set([...asked, ...inbound.map(({ workload }) => workload.uid)]);
    for (const { workload, exchange } of inbound) {
      const first = Math.min(exchange.endMs, this.#answeredMs.get(workload.uid) ?? Infinity);
      this.#answeredMs.set(workload.uid, first);
    }
    const named = new Set(inbound.map(({ exchange }) => exchange.front.caller));
    const calling = new Set(outbound.map(({ workload }) => workload.uid));
    const proxies = coverageOf(batches);
    const known = new Set(proxies.map(({ uid }) => uid));
    this.#processes = proxies.filter(({ uid }) => answering.has(uid));
    this.#silent = proxies.filter(({ uid }) => !answering.has(uid) && !calling.has(uid));
    this.#callers = proxies.filter(({ uid, name }) => calling.has(uid) || named.has(name));
    this.#bare = [...answering].filter((uid) => !known.has(uid));
    this.#hasUnseenCallers = [...named].some(
      (name) => name === null || !this.#callers.some((caller) => caller.name === name),
    );
    this.#keptMs =
      options.lines.findLast((line) => "complete" in line)?.complete.whole ?? -Infinity;
    this.#floorMs = floorOf(options, this.#keptMs, batches[0]?.wallOffsetMs ?? 0);
    this.#gaps = this.#gapsOf();
    this.assumptions = this.#assume();
  }

  /** `empty`: the record reaches back to the first start of every process that may answer for the key. */
  initialOf(key: string): Initial {
    const { mayAnswer } = this.#options;
    const relevant = this.#processes.filter(({ uid }) => mayAnswer?.(key, uid) !== false);
    const isReached =
      relevant.length > 0 && relevant.every((process) => this.#isFromStart(process));
    return { kind: isReached && this.#bare.length === 0 ? "empty" : "unknown" };
  }

  /** What ended before has made the key what it was when its record begins, no more; monotonic ms. */
  beginOf(key: string): number {
    let beginMs = this.#begins.get(key);
    if (beginMs === undefined) this.#begins.set(key, (beginMs = this.#findBegin(key)));
    return beginMs;
  }

  #findBegin(key: string): number {
    const { mayAnswer } = this.#options;
    const begins = this.#processes
      .filter((process) => mayAnswer?.(key, process.uid) !== false && !this.#isFromStart(process))
      .map(({ sinceMs }) => sinceMs);
    return Math.max(this.#keptMs, this.#floorMs ?? -Infinity, ...begins);
  }

  cutsOf(key: string): readonly Cut[] {
    const { mayAnswer } = this.#options;
    const isOfKey = (uid: string | null) => uid === null || mayAnswer?.(key, uid) !== false;
    const gaps = this.#gaps.flatMap(({ uid, fromMs, toMs }) =>
      isOfKey(uid) ? [{ fromMs, toMs }] : [],
    );
    return [...this.#beginningOf(key), ...gaps];
  }

  /**
   * What was under way when the record of a key begins may have taken effect before what ended just then, and is left out: so
   * that is a gap, too, but where nothing came before.
   */
  #beginningOf(key: string): readonly Cut[] {
    const toMs = this.beginOf(key);
    const isGap = toMs !== -Infinity && this.initialOf(key).kind === "unknown";
    return isGap ? [{ fromMs: -Infinity, toMs }] : [];
  }

  #isFromStart({ uid, sinceMs, hasFirst }: ProxyCoverage): boolean {
    const start = firstStartOf(uid, this.#starts, this.#boot);
    if (start === null || !hasFirst || this.#floorMs === null) return false;
    // Starts are kept for two days: who had answered before the first that is known was not empty then.
    const isEarlier = (this.#answeredMs.get(uid) ?? Infinity) < start.atMs;
    return !isEarlier && sinceMs <= start.atMs && this.#floorMs <= start.atMs;
  }

  #gapsOf(): readonly (Cut & { readonly uid: string | null })[] {
    const missed = [...this.#processes, ...this.#silent].flatMap(({ uid, gaps }) =>
      gaps.filter((gap) => !this.#isSeenByCallers(gap)).map((gap) => ({ ...hiddenBy(gap), uid })),
    );
    if (this.#bare.length === 0) return missed;
    const ofCallers = this.#callers.flatMap(({ gaps }) => gaps);
    return [...missed, ...ofCallers.map((gap) => ({ ...hiddenBy(gap), uid: null }))];
  }

  #isSeenByCallers({ fromMs, toMs }: Cut): boolean {
    if (this.#hasUnseenCallers || this.#callers.length === 0) return false;
    return this.#callers.every(
      ({ sinceMs, hasFirst, gaps }) =>
        (hasFirst || sinceMs <= fromMs) &&
        gaps.every((gap) => gap.toMs < fromMs || gap.fromMs > toMs),
    );
  }

  #assume(): readonly string[] {
    const { contract, service, untilMs } = this.#options;
    const said = [`every request to ${service} passed a proxy`];
    if (contract.keyShare < 1) {
      said.push(
        `${Math.round(contract.keyShare * 100)} % of the keys are recorded, each of them whole`,
      );
    }
    if (untilMs !== undefined)
      said.push("no operation was under way for long when the record was read");
    if (this.#processes.length > 0 && this.initialOf("").kind === "empty") {
      said.push("each process was empty when it was started first");
    }
    for (const { name, gaps } of this.#processes) {
      const [one] = gaps;
      if (one === undefined) continue;
      const more = gaps.length === 1 ? "" : ` and ${gaps.length - 1} more`;
      said.push(
        `the record of ${name} has a gap (${one.reason})${more}: what callers' proxies do not tell of it is not known`,
      );
    }
    for (const uid of this.#bare) {
      said.push(`no proxy of workload ${uid} recorded: callers without a proxy are not seen there`);
    }
    return said;
  }
}

/** What a gap hides ended in it, and is taken to have begun no longer than this before it, in ms. */
const underWayMs = 30_000;

/**
 * When what a gap hides may have taken effect. Exchanges are recorded as they end, so those that are missing may have begun
 * before the gap did, and others may have seen what they did. Only of those that were too many are the beginnings known.
 */
function hiddenBy({ fromMs, toMs, reason }: ProxyCoverage["gaps"][number]): Cut {
  return { fromMs: reason === "rate" ? fromMs : fromMs - underWayMs, toMs };
}

/** Null where the lines do not say how far back they go, or since when the Contract holds. */
function floorOf(
  { contractSinceWallMs }: AssembleOptions,
  keptMs: number,
  wallOffsetMs: number,
): number | null {
  if (keptMs === -Infinity || contractSinceWallMs === null) return null;
  return Math.max(keptMs, contractSinceWallMs - wallOffsetMs);
}
