import type { SpiffeId } from "../model/identity.ts";
import { type Reason, reasons } from "../model/reason.ts";
import { type Direction, ExchangeRecord } from "./record.ts";

const directions: readonly Direction[] = ["inbound", "outbound", "gateway", "egress"];
const reasonNames = Object.keys(reasons) as readonly Reason[];

/** Texts that repeat, from configuration and peers: beyond so many different ones they read `…`. */
const TEXTS_MAX = 4096;

/** Columns of `#texts`, one number per interned text. */
const texts = [
  "service",
  "sourceId",
  "sourceName",
  "route",
  "backend",
  "endpointUid",
  "endpointName",
  "destinationAddress",
  "destinationId",
] as const satisfies readonly (keyof ExchangeRecord)[];
/** Texts that a client chooses: so many octets are kept of each, so that none can crowd out the others. */
const octetColumns = [
  { field: "path", start: 0, max: 128 },
  { field: "sourceAddress", start: 128, max: 48 },
  { field: "detail", start: 176, max: 80 },
  { field: "authority", start: 256, max: 64 },
  { field: "method", start: 320, max: 16 },
] as const satisfies readonly { field: keyof ExchangeRecord; start: number; max: number }[];
const OCTETS = 336;
const TIMES = 6;
const NUMBERS = 6;
const FLAGS = 5;

/**
 * The last records, copied into typed arrays: 430 bytes each, with nothing for the collector to follow, and no
 * slice of a request's bytes kept alive.
 *
 * ```
 *  slot i:  #times 6 × f64 │ #numbers 6 × i32 │ #texts 9 × u16 → #names │ #flags 5 × u8 │ #octets 336
 * ```
 */
export class RecordRing {
  readonly capacity: number;
  readonly #times: Float64Array;
  readonly #numbers: Int32Array;
  readonly #texts: Uint16Array;
  /** direction, reason, origin and the rest that fits an octet. */
  readonly #flags: Uint8Array;
  readonly #octets: Uint8Array;
  readonly #lengths: Uint8Array;
  readonly #names: (string | null)[] = [null, "…"];
  readonly #indexOf = new Map<string, number>();
  #next = 0;
  #count = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#times = new Float64Array(capacity * TIMES);
    this.#numbers = new Int32Array(capacity * NUMBERS);
    this.#texts = new Uint16Array(capacity * texts.length);
    this.#flags = new Uint8Array(capacity * FLAGS);
    this.#octets = new Uint8Array(capacity * OCTETS);
    this.#lengths = new Uint8Array(capacity * octetColumns.length);
  }

  /** How many there are now. */
  get size(): number {
    return this.#count;
  }

  push(record: ExchangeRecord): void {
    const at = this.#next;
    this.#next = at + 1 === this.capacity ? 0 : at + 1;
    if (this.#count < this.capacity) this.#count++;

    const time = at * TIMES;
    this.#times[time] = record.startMs;
    this.#times[time + 1] = record.queueMs;
    this.#times[time + 2] = record.requestBytes;
    this.#times[time + 3] = record.replyBytes;
    this.#times[time + 4] = record.headMs;
    this.#times[time + 5] = record.endMs;

    const number = at * NUMBERS;
    this.#numbers[number] = record.id;
    this.#numbers[number + 1] = record.servicePort;
    this.#numbers[number + 2] = record.backendPort;
    this.#numbers[number + 3] = record.attempts;
    this.#numbers[number + 4] = record.slot;
    this.#numbers[number + 5] = record.status;

    const text = at * texts.length;
    this.#texts[text] = this.#intern(record.service);
    this.#texts[text + 1] = this.#intern(record.sourceId);
    this.#texts[text + 2] = this.#intern(record.sourceName);
    this.#texts[text + 3] = this.#intern(record.route);
    this.#texts[text + 4] = this.#intern(record.backend);
    this.#texts[text + 5] = this.#intern(record.endpointUid);
    this.#texts[text + 6] = this.#intern(record.endpointName);
    this.#texts[text + 7] = this.#intern(record.destinationAddress);
    this.#texts[text + 8] = this.#intern(record.destinationId);

    const flag = at * FLAGS;
    this.#flags[flag] = directions.indexOf(record.direction);
    this.#flags[flag + 1] = record.reason === null ? 255 : reasonNames.indexOf(record.reason);
    this.#flags[flag + 2] = record.origin === "app" ? 0 : 1;
    this.#flags[flag + 3] = record.tls ? 1 : 0;
    this.#flags[flag + 4] = record.replayed ? 1 : 0;

    this.#write(record.path, at, 0);
    this.#write(record.sourceAddress, at, 1);
    this.#write(record.detail, at, 2);
    this.#write(record.authority, at, 3);
    this.#write(record.method, at, 4);
  }

  /** The newest `limit` records, newest first, as copies; texts may be cut. */
  newest(limit: number): ExchangeRecord[] {
    const records: ExchangeRecord[] = [];
    for (let age = 1; age <= Math.min(limit, this.#count); age++) {
      records.push(this.#read((this.#next - age + this.capacity) % this.capacity));
    }
    return records;
  }

  #read(at: number): ExchangeRecord {
    const time = (column: number) => this.#times[at * TIMES + column]!;
    const number = (column: number) => this.#numbers[at * NUMBERS + column]!;
    const text = (column: number) => this.#names[this.#texts[at * texts.length + column]!] ?? null;
    const flag = (column: number) => this.#flags[at * FLAGS + column]!;
    const record = new ExchangeRecord(number(0), directions[flag(0)]!, time(0));
    record.queueMs = time(1);
    record.requestBytes = time(2);
    record.replyBytes = time(3);
    record.headMs = time(4);
    record.endMs = time(5);
    record.servicePort = number(1);
    record.backendPort = number(2);
    record.attempts = number(3);
    record.slot = number(4);
    record.status = number(5);
    record.service = text(0) ?? "";
    record.sourceId = text(1) as SpiffeId | null;
    record.sourceName = text(2);
    record.route = text(3);
    record.backend = text(4);
    record.endpointUid = text(5);
    record.endpointName = text(6);
    record.destinationAddress = text(7) ?? "";
    record.destinationId = text(8) as SpiffeId | null;
    record.reason = flag(1) === 255 ? null : reasonNames[flag(1)]!;
    record.origin = flag(2) === 0 ? "app" : "proxy";
    record.tls = flag(3) === 1;
    record.replayed = flag(4) === 1;
    for (const [column, { field }] of octetColumns.entries()) {
      record[field] = this.#octetsOf(at, column);
    }
    return record;
  }

  #intern(text: string | null): number {
    if (text === null) return 0;
    const known = this.#indexOf.get(text);
    if (known !== undefined) return known;
    if (this.#names.length >= TEXTS_MAX || text.length > 512) return 1;
    const copy = JSON.parse(JSON.stringify(text)) as string; // a slice would keep the request's bytes alive
    this.#names.push(copy);
    this.#indexOf.set(copy, this.#names.length - 1);
    return this.#names.length - 1;
  }

  /** Octets, one per latin1 character; what is beyond latin1 becomes `?`. */
  #write(text: string, at: number, column: number): void {
    const { start, max } = octetColumns[column]!;
    const length = Math.min(text.length, max);
    const first = at * OCTETS + start;
    const octets = this.#octets;
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index);
      octets[first + index] = unit > 0xff ? 0x3f : unit;
    }
    this.#lengths[at * octetColumns.length + column] = length;
  }

  #octetsOf(at: number, column: number): string {
    const first = at * OCTETS + octetColumns[column]!.start;
    const length = this.#lengths[at * octetColumns.length + column]!;
    return String.fromCharCode(...this.#octets.subarray(first, first + length));
  }
}
