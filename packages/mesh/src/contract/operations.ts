import type { RecordedBatch } from "../history/batch.ts";
import type { ContractDoc, OperationDoc } from "../model/document.ts";
import type { Assembled, AssembleOptions } from "./assemble-options.ts";
import { CallerNames } from "./caller-names.ts";
import { outcomeOf } from "./exchange-outcome.ts";
import type { Operation, Outcome } from "./operation.ts";
import { OperationArguments } from "./operation-arguments.ts";
import { type Hops, pairHops, type Recorded } from "./pair-hops.ts";
import { Reach } from "./reach.ts";
import type { Cut } from "./segments.ts";

export type { Assembled, AssembleOptions } from "./assemble-options.ts";

/**
 * Makes of what proxies recorded the operations that a service's callers asked for: each once, as its caller saw it.
 *
 * ```
 *   caller's proxy   ├──── Put(7,"a") ────────────────┤ 201    when it started and ended, what it gave
 *   process's proxy      ├──── PUT /7 ─────────┤ 201           that it happened, and where
 * ```
 *
 * - The caller's record counts; what the process's proxy recorded says who answered.
 * - What the caller never learned is taken from the process's proxy, with the interval that that recorded: it did happen.
 *   Else an operation that may have been seen by a process may take effect at any time after its start, for ever.
 * - An exchange that the process's proxy alone recorded is an operation, too.
 * - What no process can have seen did not happen.
 * - An update whose value was not recorded is a gap of its key; a read without a value says nothing.
 */
export function assembleOperations(options: AssembleOptions): Assembled {
  const batches = newestBoot(options);
  const offsetMs = batches[0]?.wallOffsetMs ?? 0;
  const recorded = recordedOf(batches, options);
  const reach = new Reach(options, batches, recorded);
  const made = new OperationsOf(options, batches);
  for (const hops of pairHops(recorded)) made.add(hops);
  return {
    operations: made.operations.filter(({ key, endMs }) => endMs > reach.beginOf(key)),
    initialOf: (key) => reach.initialOf(key),
    cutsOf: (key) => [...reach.cutsOf(key), ...made.cutsOf(key)],
    wallOffsetMs: offsetMs,
    assumptions: [...reach.assumptions, ...made.assumptions],
  };
}

/**
 * Of the boot that began last, since times of two boots cannot be compared; of that of which is told since when all of it is
 * here.
 */
function newestBoot({ lines }: AssembleOptions): readonly RecordedBatch[] {
  const batches = lines.flatMap((line) => ("batch" in line ? [line.batch] : []));
  const newest = batches.reduce<RecordedBatch | null>(
    (best, batch) => (best === null || wallOf(batch) > wallOf(best) ? batch : best),
    null,
  );
  const told = lines.findLast((line) => "complete" in line)?.complete.boot ?? newest?.boot;
  return batches.filter(({ boot }) => boot === told);
}

function wallOf({ sinceMs, wallOffsetMs }: RecordedBatch): number {
  return sinceMs + wallOffsetMs;
}

/** The Contract's exchanges, each once. */
function recordedOf(
  batches: readonly RecordedBatch[],
  { contract, service, untilMs = Infinity }: AssembleOptions,
): Recorded[] {
  const seen = new Set<string>();
  return batches.flatMap(({ workload, life, exchanges }) =>
    exchanges.flatMap((exchange): Recorded[] => {
      if (exchange.operation?.contract !== contract.name) return [];
      if ((exchange.backend ?? exchange.service) !== service) return [];
      const id = `${life} ${exchange.id}`;
      if (seen.has(id) || exchange.startMs > untilMs) return [];
      seen.add(id);
      return [{ exchange, workload, life }];
    }),
  );
}

/** An operation before it has its place among the others. */
type Draft = Omit<Operation, "id" | "seq"> & { readonly place: number };

class OperationsOf {
  readonly #contract: ContractDoc;
  readonly #untilMs: number;
  readonly #arguments: OperationArguments;
  readonly #callers: CallerNames;
  readonly #drafts: Draft[] = [];
  readonly #cuts = new Map<string, Cut[]>();
  #learned = 0;
  #inboundOnly = 0;
  #unreadable = 0;

  constructor(
    { contract, untilMs = Infinity }: AssembleOptions,
    batches: readonly RecordedBatch[],
  ) {
    this.#contract = contract;
    this.#untilMs = untilMs;
    this.#arguments = new OperationArguments(contract);
    this.#callers = new CallerNames(contract, batches);
  }

  add(hops: Hops): void {
    const { caller, inbound } = hops;
    const first = caller ?? inbound[0]!;
    const read = first.exchange.operation!;
    const definition = this.#contract.operations.find(({ name }) => name === read.name);
    if (definition === undefined) return;
    const { outcome, startMs, endMs } = this.#seen(whatHappened(hops, definition), definition);
    const args = this.#arguments.of(read, definition);
    if (args.includes(null) && !this.#isToBeKept(outcome, definition)) {
      if (outcome.kind === "ok" && definition.changes) {
        this.#unreadable++;
        this.#cutsAt(read.key).push({ fromMs: startMs, toMs: endMs });
      }
      return;
    }
    this.#drafts.push({
      caller: this.#callers.nameOf(hops),
      key: read.key,
      name: read.name,
      args,
      outcome,
      startMs,
      endMs,
      answeredBy: answeredBy(hops),
      isObserved: false,
      place: first.exchange.receivedSeq,
    });
    if (caller === null) this.#inboundOnly++;
    else if (outcome.kind === "ok" && startMs !== caller.exchange.startMs) this.#learned++;
  }

  get operations(): readonly Operation[] {
    const places = new Map<string, number>();
    return this.#drafts
      .sort((a, b) => a.startMs - b.startMs || a.place - b.place)
      .map(({ place: _, ...draft }, id) => {
        const seq = (places.get(draft.caller) ?? 0) + 1;
        places.set(draft.caller, seq);
        return { ...draft, id, seq };
      });
  }

  cutsOf(key: string): readonly Cut[] {
    return this.#cuts.get(key) ?? [];
  }

  get assumptions(): readonly string[] {
    const said: string[] = [];
    const count = (number: number, word: string) => `${number} ${number === 1 ? word : `${word}s`}`;
    if (this.#learned > 0) {
      said.push(
        `${count(this.#learned, "operation")} whose answer never reached the caller happened as the process's proxy recorded`,
      );
    }
    if (this.#inboundOnly > 0) {
      said.push(
        `${count(this.#inboundOnly, "operation")} that no caller's proxy recorded ended when the process answered`,
      );
    }
    if (this.#unreadable > 0) {
      said.push(
        `${count(this.#unreadable, "update")} whose value was not recorded: their keys begin anew after them`,
      );
    }
    return said;
  }

  /** What ended after the record did not end in it. */
  #seen(happened: Happened, { changes }: OperationDoc): Happened {
    const { outcome, startMs, endMs } = happened;
    if (endMs <= this.#untilMs || outcome.kind !== "ok") return happened;
    const detail = changes ? "not over when the record was read" : "read later";
    return { outcome: { kind: "unknown", detail }, startMs, endMs: Infinity };
  }

  /** Parameters that are not known matter to nobody where nothing happened, and else to checkers, which know of it. */
  #isToBeKept(outcome: Outcome, { changes }: OperationDoc): boolean {
    return outcome.kind === "absent" || (outcome.kind === "unknown" && changes);
  }

  #cutsAt(key: string): Cut[] {
    let cuts = this.#cuts.get(key);
    if (cuts === undefined) this.#cuts.set(key, (cuts = []));
    return cuts;
  }
}

interface Happened {
  readonly outcome: Outcome;
  readonly startMs: number;
  readonly endMs: number;
}

/** The outcome, and the interval in which it took effect. */
function whatHappened({ caller, inbound }: Hops, definition: OperationDoc): Happened {
  const there = inbound.map((one) => during(one, outcomeOf(one.exchange, definition)));
  if (caller === null) return there[0]!;
  const { exchange } = caller;
  const here = during(caller, outcomeOf(exchange, definition));
  if (here.outcome.kind === "ok" || here.outcome.kind === "refused") return here;
  const done = there.find(({ outcome }) => outcome.kind === "ok");
  if (done !== undefined) return done;
  const kinds = there.map(({ outcome }) => outcome.kind);
  const sent = exchange.attempts.filter(({ sentSeq }) => sentSeq > 0).length;
  const isAllKnown = here.outcome.kind === "absent" || there.length >= sent;
  if (isAllKnown && !kinds.includes("unknown")) {
    const refused = there.find(({ outcome }) => outcome.kind === "refused");
    if (refused !== undefined) return refused;
    const absent = there.find(({ outcome }) => outcome.kind === "absent");
    return here.outcome.kind === "absent" ? here : (absent ?? here);
  }
  if (here.outcome.kind === "unknown") return here;
  const unknown = there.find(({ outcome }) => outcome.kind === "unknown")!;
  return { ...unknown, startMs: here.startMs };
}

function during({ exchange: { startMs, endMs } }: Recorded, outcome: Outcome): Happened {
  return { outcome, startMs, endMs: outcome.kind === "unknown" ? Infinity : endMs };
}

/** The process whose proxy recorded it last, else the one that was asked last. */
function answeredBy({ caller, inbound }: Hops): string | null {
  const last = caller?.exchange.attempts.findLast(({ sentSeq }) => sentSeq > 0);
  return inbound.at(-1)?.workload.name ?? last?.endpoint ?? null;
}
