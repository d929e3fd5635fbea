import type { RecordedQuery } from "@heddle/control/api/verbs.ts";
import { coverageOf } from "@heddle/mesh/contract/coverage.ts";
import type { Operation } from "@heddle/mesh/contract/operation.ts";
import { type Assembled, assembleOperations } from "@heddle/mesh/contract/operations.ts";
import type { RecordedBatch, RecordedLine } from "@heddle/mesh/history/batch.ts";
import type { RecordedExchange } from "@heddle/mesh/history/exchange.ts";
import { integerKey } from "@heddle/mesh/model/integer-key.ts";
import { contractKind } from "@heddle/mesh/resource/heddle/contract.ts";
import type { Recorded } from "../api/recorded.ts";
import { count } from "../render/count.ts";
import type { Report } from "./verify-report.ts";
import { judge, type Subject } from "./verify-subject.ts";
import type { World } from "./world.ts";

export interface WindowOptions {
  /** Wall ms; null: all that is kept. */
  readonly sinceWallMs: number | null;
  /** Only so many of the newest; null: all. */
  readonly last: number | null;
  /** Only this key; null: all. */
  readonly key: string | null;
}

/** Records of what ended in the last moments may still be on their way, in ms. */
export const SETTLE_MS = 2000;

/** What was recorded of a service since some moment, and what it comes to. */
export class RecordedWindow {
  readonly #world: World;
  readonly #subject: Subject;
  readonly #last: number | null;
  readonly #key: string | null;
  /** Since when proxies read requests as they do now; null: not known. */
  readonly #contractSinceWallMs: number | null;
  #sinceWallMs: number | null;
  #lines: RecordedLine[] = [];
  /** Since when what was read is whole; null: nobody has said so yet. */
  complete: Recorded["complete"] = null;

  private constructor(
    world: World,
    subject: Subject,
    options: WindowOptions,
    contractSinceWallMs: number | null,
  ) {
    this.#world = world;
    this.#subject = subject;
    this.#sinceWallMs = options.sinceWallMs;
    this.#last = options.last;
    this.#key = options.key === null ? null : (integerKey(options.key) ?? options.key);
    this.#contractSinceWallMs = contractSinceWallMs;
  }

  static async open(
    world: World,
    subject: Subject,
    options: WindowOptions,
  ): Promise<RecordedWindow> {
    const { api, row } = subject;
    const { metadata } = await api.get(contractKind, row.namespace, row.name);
    // One that was changed may have read requests otherwise before, and nothing says until when.
    const isFirst = metadata.generation === 1 && metadata.creationTimestamp !== undefined;
    const since = isFirst ? Date.parse(metadata.creationTimestamp!) : null;
    return new RecordedWindow(world, subject, options, since);
  }

  /** Reads of the service's records what `query` says; what is read twice counts once. */
  async read(query: RecordedQuery, signal?: AbortSignal): Promise<void> {
    const { api, namespace, service } = this.#subject;
    const asked = { store: "whole", namespace, service, ...query };
    const call = signal === undefined ? { query: asked } : { query: asked, signal };
    for await (const line of api.lines("recorded", call)) this.#add(line as RecordedLine);
  }

  #add(line: RecordedLine): void {
    if ("complete" in line) {
      // A second answer begins later, and goes on where the first ended.
      if (this.complete !== null) return;
      this.complete = line.complete;
    }
    if (!("batch" in line && this.#isBefore(line.batch))) this.#lines.push(line);
  }

  /** Exchanges held. */
  get size(): number {
    return this.#lines.reduce(
      (sum, line) => sum + ("batch" in line ? line.batch.exchanges.length : 0),
      0,
    );
  }

  /** When the last exchange that is meant ended, monotonic ms; -Infinity: there is none. */
  get latestMs(): number {
    const { name } = this.#subject.doc;
    const isMeant = ({ operation }: RecordedExchange) =>
      operation?.contract === name && (this.#key === null || operation.key === this.#key);
    let latest = -Infinity;
    for (const line of this.#lines) {
      if (!("batch" in line)) continue;
      for (const one of line.batch.exchanges) {
        if (one.endMs > latest && isMeant(one)) latest = one.endMs;
      }
    }
    return latest;
  }

  /** Forgets what ended before. */
  moveTo(sinceWallMs: number): void {
    this.#sinceWallMs = sinceWallMs;
    this.#lines = this.#lines.filter((line) => !("batch" in line && this.#isBefore(line.batch)));
  }

  judge(): Report {
    const { clock } = this.#world;
    let assembled = this.#assemble(this.#sinceWallMs);
    if (this.#last !== null && assembled.operations.length > this.#last) {
      const first = assembled.operations.at(-this.#last)!;
      // Just before it, for what is under way when a window begins is not judged; records have whole µs.
      assembled = this.#assemble(first.startMs - 0.001 + assembled.wallOffsetMs);
    }
    const operations = this.#wanted(assembled);
    const made = judge(this.#world, this.#subject, {
      ...assembled,
      operations,
      isClear: false,
    });
    const isNothing = operations.length === 0;
    const verdict = isNothing
      ? { ...made, verdict: "undecided" as const, assumptions: ["nothing was recorded"] }
      : made;
    const starts = this.#lines.flatMap((line) => ("start" in line ? [line.start] : []));
    const from = isNothing ? clock.wallMs() : verdict.window.fromWallMs;
    return {
      verdict,
      operations,
      starts,
      when: `since ${new Date(from).toTimeString().slice(0, 8)}`,
      completeness: this.#completeness(),
      notes: [],
      saysAssumptions: true,
    };
  }

  #assemble(sinceWallMs: number | null): Assembled {
    const { doc, namespace, service } = this.#subject;
    const contractSince = this.#contractSinceWallMs;
    return assembleOperations({
      lines: this.#lines,
      contract: doc,
      service: `${namespace}/${service}`,
      contractSinceWallMs:
        sinceWallMs === null || contractSince === null
          ? (sinceWallMs ?? contractSince)
          : Math.max(sinceWallMs, contractSince),
      untilMs: this.#world.clock.monotonicMs() - SETTLE_MS,
    });
  }

  /** Operations of the window, and of the key that was asked for. */
  #wanted({ operations, wallOffsetMs }: Assembled): readonly Operation[] {
    const fromMs = (this.#sinceWallMs ?? -Infinity) - wallOffsetMs;
    return operations.filter(
      ({ key, endMs }) => endMs >= fromMs && (this.#key === null || key === this.#key),
    );
  }

  #isBefore({ exchanges, gaps, wallOffsetMs }: RecordedBatch): boolean {
    if (this.#sinceWallMs === null) return false;
    const fromMs = this.#sinceWallMs - wallOffsetMs;
    return (
      exchanges.every(({ endMs }) => endMs < fromMs) && gaps.every(({ toMs }) => toMs < fromMs)
    );
  }

  #completeness(): string {
    const batches = this.#lines.flatMap((line) => ("batch" in line ? [line.batch] : []));
    const missing = coverageOf(batches).flatMap(({ gaps }) => gaps.map((gap) => gap.missing));
    if (missing.length === 0) return "every event recorded";
    const known = missing.filter((one) => one > 0).reduce((sum, one) => sum + one, 0);
    const gaps = missing.length === 1 ? "a gap" : `${missing.length} gaps`;
    return `${gaps} in the record${known > 0 ? `, ${count(known, "exchange")} missing` : ""}`;
  }
}
