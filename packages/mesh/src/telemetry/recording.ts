import type { Clock } from "../base/clock.ts";
import type { Gap, RecordedBatch } from "../history/batch.ts";
import type { RecordedExchange, RecordedOperation } from "../history/exchange.ts";
import type { PackedWriter } from "../history/packed-writer.ts";
import { ExchangeWriter } from "./exchange-writer.ts";
import { GapTally } from "./gap-tally.ts";
import { LeavingValues } from "./leaving-values.ts";
import { packRecord } from "./pack-record.ts";
import type { ExchangeRecord } from "./record.ts";
import { RecordRing } from "./record-ring.ts";

/** Gaps of times at which recording was off that are remembered; older ones are told as one. */
const offGapsMax = 16;

export interface RecordingOptions {
  readonly clock: Clock;
  /** Names this life of the proxy. */
  readonly life: string;
  /** Names the host's boot. */
  readonly boot: string;
  /** How many records are kept. */
  readonly recentMax: number;
}

/** A record as it is shown. */
export type ShownRecord = Omit<ExchangeRecord, "operation"> & {
  readonly operation: RecordedOperation | null;
};

/** Told of what is recorded, as it is. */
export interface RecordingEvents {
  onRecord(): void;
  /** Recording was off, and is on again. */
  onOff(gap: Gap): void;
}

/** What a proxy remembers of its past, and under which name: one life of one workload's proxy. */
export class Recording {
  readonly ring: RecordRing;
  readonly life: string;
  readonly boot: string;
  readonly sinceMs: number;
  #workload: RecordedBatch["workload"] = { uid: "", name: "", namespace: "" };
  /** Null: nobody listens. */
  events: RecordingEvents | null = null;
  readonly #clock: Clock;
  readonly #values = new LeavingValues();
  readonly #writer = new ExchangeWriter(this.#values);
  readonly #off = new GapTally();
  #offGaps: Gap[] = [];
  #isOn = true;

  constructor({ clock, life, boot, recentMax }: RecordingOptions) {
    this.#clock = clock;
    this.life = life;
    this.boot = boot;
    this.sinceMs = clock.monotonicMs();
    this.ring = new RecordRing(recentMax);
  }

  /** Whose proxy this is; known once its documents are here. */
  get workload(): RecordedBatch["workload"] {
    return this.#workload;
  }

  set workload({ uid, name, namespace }: RecordedBatch["workload"]) {
    this.#workload = { uid, name, namespace }; // whatever else a document says of it is not for batches
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Times at which it was off while something happened, oldest first. */
  get offGaps(): readonly Gap[] {
    return this.#offGaps;
  }

  push(record: ExchangeRecord): void {
    if (!this.#isOn) {
      this.#off.add(record.startMs, record.endMs);
      return;
    }
    this.ring.push(record);
    this.events?.onRecord();
  }

  /** Off: exchanges are counted in metrics and summaries alone. Their number is a gap once it is on again. */
  set(isOn: boolean): void {
    this.#isOn = isOn;
    const gap = isOn ? this.#off.take("off") : null;
    if (gap === null) return;
    if (this.#offGaps.length >= offGapsMax) {
      const [first, second, ...others] = this.#offGaps;
      const missing = first!.missing + second!.missing;
      this.#offGaps = [{ ...first!, toMs: second!.toMs, missing }, ...others];
    }
    this.#offGaps.push(gap);
    this.events?.onOff(gap);
  }

  /**
   * The newest `limit` for people to look at, newest first: with all that is known of them, but operations as they leave the
   * proxy, hashed where the Contract says so.
   */
  recent(limit: number): readonly ShownRecord[] {
    return this.ring.recent(limit).map((record) => ({
      ...record,
      operation: record.operation && this.#writer.writeOperation(record.operation),
    }));
  }

  /** The record of that number as it leaves the proxy. */
  write(seq: number): RecordedExchange {
    return this.#writer.write(this.ring.read(seq), this.workload.name);
  }

  /** The same, packed. */
  pack(seq: number, writer: PackedWriter): void {
    const { name } = this.#workload;
    packRecord(writer, this.ring.read(seq), { workload: name, values: this.#values });
  }

  /** All of a batch but its exchanges. */
  header(
    of: Pick<RecordedBatch, "store" | "from" | "gaps" | "sampledShare">,
  ): Omit<RecordedBatch, "exchanges"> {
    const { workload, life, sinceMs, boot } = this;
    const wallOffsetMs = this.#clock.wallMs() - this.#clock.monotonicMs();
    return { workload, life, sinceMs, boot, wallOffsetMs, ...of };
  }
}
