import {
  type Revision,
  revisionCollection,
  revisionOf,
} from "@heddle/control/revision/revision.ts";
import type { Store } from "@heddle/control/store/store.ts";
import type { Evidence } from "@heddle/mesh/check/evidence.ts";
import { checkAll } from "@heddle/mesh/check/index.ts";
import { intentOver } from "@heddle/mesh/check/intent.ts";
import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import { historiesOf } from "@heddle/mesh/history/histories.ts";
import { globalView } from "@heddle/mesh/history/merge.ts";
import type { Workload } from "@heddle/mesh/resource/heddle/workload.ts";
import type { KnownResource } from "@heddle/mesh/resource/index.ts";
import { ExchangeWriter } from "@heddle/mesh/telemetry/exchange-writer.ts";
import type { ExchangeRecord } from "@heddle/mesh/telemetry/record.ts";
import { intentCollections } from "./resources.ts";

/** One life of a proxy, as its records name it. */
export interface ProxyLifeName {
  readonly uid: string;
  readonly name: string;
  readonly life: string;
  readonly sinceMs: number;
}

/**
 * Everything that every proxy recorded, kept by an observer who loses nothing: what of it a checker cannot explain did
 * happen. What was in flight when a proxy was killed nobody recorded.
 */
export class Histories {
  readonly #lives = new Map<ProxyLifeName, ExchangeRecord[]>();

  begin(life: ProxyLifeName): void {
    this.#lives.set(life, []);
  }

  record(life: ProxyLifeName, record: ExchangeRecord): void {
    this.#lives.get(life)!.push(record);
  }

  batches(wallOffsetMs: number): readonly RecordedBatch[] {
    const writer = new ExchangeWriter();
    return Array.from(this.#lives, ([{ uid, name, life, sinceMs }, records]) => ({
      workload: { uid, name, namespace: "default" },
      life,
      sinceMs,
      boot: "simulated",
      wallOffsetMs,
      store: "whole" as const,
      from: 1,
      exchanges: records.map((record) => writer.write(record, name)),
      gaps: [],
      sampledShare: 1,
    }));
  }
}

/** What a judgement of recorded histories came to. */
export interface Judgement {
  readonly violations: readonly string[];
  /** How much of each was judged. */
  readonly checks: ReadonlyMap<string, number>;
}

/** Recorded histories against intent as it was over time by every checker there is, and the order of all events. */
export async function judgeHistories(
  batches: readonly RecordedBatch[],
  store: Store,
): Promise<Judgement> {
  const evidence = await evidenceOf(batches, store);
  const reports = checkAll(evidence);
  const histories = historiesOf(batches);
  const { problems, events } = globalView(histories);
  return {
    violations: [
      ...reports.flatMap(({ kind, violations }) =>
        violations.map(
          ({ what, expected, found }) => `${kind}: ${what}; expected ${expected}, found ${found}`,
        ),
      ),
      ...problems.map(({ kind }) => `the histories have no common order: ${kind}`),
    ],
    checks: new Map([
      ...reports.map(({ kind, judged }) => [`${kind} of messages`, judged] as const),
      ["events in one order", events.length],
    ]),
  };
}

async function evidenceOf(batches: readonly RecordedBatch[], store: Store): Promise<Evidence> {
  const lists = await Promise.all(intentCollections.map((one) => store.list(one, null)));
  const now = lists.flatMap(({ items }) => items) as readonly KnownResource[];
  const revisions: readonly Revision[] = (await store.list(revisionCollection, null)).items.map(
    revisionOf,
  );
  const workloads = (await store.list("workloads.heddle.dev", null)).items as readonly Workload[];
  return { intent: intentOver(now, revisions), workloads, batches };
}
