import type { ExchangeRecord } from "./record.ts";
import { type RecordClass, RecordColumns } from "./record-columns.ts";

/** Told of each record that the ring lets go of, before it does. */
export type OnEvict = (seq: number) => void;

/**
 * The last records, and all there is to know of them: histories, tap's past and what is exported are read from here. Each
 * has a number, `seq`, from 1; the ring holds those from `oldest` to `newest`. The newest takes the slot of the oldest,
 * and of more than that where texts are long: those whose texts it overwrites go, too.
 */
export class RecordRing {
  readonly capacity: number;
  /** Told before a record goes; null: nobody is. */
  onEvict: OnEvict | null = null;
  readonly #columns: RecordColumns;
  #oldest = 1;
  #next = 1;
  /** Slot of `#next`. */
  #at = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#columns = new RecordColumns(capacity);
  }

  /** How many there are now. */
  get size(): number {
    return this.#next - this.#oldest;
  }

  /** Number of the oldest that is held; one more than `newest` while there is none. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Number of the newest; 0 before the first. */
  get newest(): number {
    return this.#next - 1;
  }

  /** Octets of bodies that were ever kept: what was kept more than an arena ago is overwritten. */
  get bodyOctets(): number {
    return this.#columns.bodyOctets;
  }

  push(record: ExchangeRecord): void {
    if (this.size === this.capacity) this.#evict();
    const at = this.#at;
    this.#at = at + 1 === this.capacity ? 0 : at + 1;
    this.#next++;
    const columns = this.#columns;
    columns.write(at, record);
    while (this.#oldest < this.#next && !columns.isWhole(this.#slot(this.#oldest))) this.#evict();
  }

  /** When it began. */
  startMs(seq: number): number {
    return this.#columns.startMs(this.#slot(seq));
  }

  /** When it was over. */
  endMs(seq: number): number {
    return this.#columns.endMs(this.#slot(seq));
  }

  classOf(seq: number): RecordClass {
    return this.#columns.classOf(this.#slot(seq));
  }

  /** Was it asked of this service, or answered for it? */
  isOf(seq: number, service: string): boolean {
    return this.#columns.isOf(this.#slot(seq), service);
  }

  /** The newest `limit` records, newest first. */
  recent(limit: number): ExchangeRecord[] {
    const records: ExchangeRecord[] = [];
    for (let seq = this.newest; seq >= this.#oldest && records.length < limit; seq--) {
      records.push(this.read(seq));
    }
    return records;
  }

  /** The record of that number, which must be held. Texts may be cut; its bodies are good until the next push. */
  read(seq: number): ExchangeRecord {
    return this.#columns.read(this.#slot(seq));
  }

  #slot(seq: number): number {
    const back = this.#next - seq;
    return this.#at >= back ? this.#at - back : this.#at - back + this.capacity;
  }

  #evict(): void {
    this.onEvict?.(this.#oldest);
    this.#oldest++;
  }
}
