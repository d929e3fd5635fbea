import { directions } from "../history/exchange.ts";
import type { ContractDoc, OperationDoc } from "../model/document.ts";
import type { SpiffeId } from "../model/identity.ts";
import { carriedProtocols } from "../model/protocol.ts";
import { type Reason, reasons } from "../model/reason.ts";
import { isNotable } from "./notable.ts";
import { type BodyCapture, ExchangeRecord, type OperationRecord } from "./record.ts";
import { BodyArena, bodyBytesMax, TEXT_UNITS_MAX, TextArena, textUnitsMax } from "./ring-arena.ts";

/** What an exchange is to those who keep a part of all: see `RecordedBatch.store`. */
export type RecordClass = "operation" | "notable" | "plain";

/**
 * Records in slots, each a row of columns:
 *
 * ```
 *  slot i:  #times 16 × f64 │ #numbers 10 × i32 │ #flags 10 × u8 │ #refs 18 × pointer to a text that others hold, too
 *                └─ where its texts and bodies begin: two arenas that wrap
 * ```
 *
 * What a client chooses anew with each request is copied, so that nothing of a request's bytes is kept alive; what lives
 * as long as a connection or a document is referred to. Nothing is allocated before the first record, so that a proxy at
 * rest pays nothing.
 */
export class RecordColumns {
  readonly #capacity: number;
  #times = new Float64Array(0);
  #numbers = new Int32Array(0);
  #flags = new Uint8Array(0);
  #texts = new TextArena(0);
  #bodies = new BodyArena(0);
  /** Grows with the slots that are used: an array made whole would touch its memory. */
  readonly #refs: unknown[] = [];

  /** @param capacity in slots */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Octets of bodies that were ever kept: what was kept more than an arena ago is overwritten. */
  get bodyOctets(): number {
    return this.#bodies.end;
  }

  /** May overwrite the texts of those that were written longest ago. */
  write(at: number, record: ExchangeRecord): void {
    if (this.#times.length === 0) this.#allocate();
    const times = this.#times;
    const time = at * TIME_COLUMNS;
    times[time] = record.startMs;
    times[time + 1] = record.endMs;
    times[time + 2] = record.headMs;
    times[time + 3] = record.queueMs;
    times[time + 4] = record.requestBytes;
    times[time + 5] = record.replyBytes;
    times[time + 6] = record.sentMs;
    times[time + 7] = record.replyMs;
    times[time + 8] = record.id;
    times[time + 9] = record.receivedSeq;
    times[time + 10] = record.answeredSeq;
    times[time + 11] = record.sentSeq;
    times[time + 12] = record.replySeq;
    times[time + TEXT_AT] = this.#texts.end;

    const { operation } = record;
    const texts = this.#texts;
    texts.put(record.path, PATH_MAX);
    texts.put(record.receivedPath, PATH_MAX);
    texts.put(record.authority, AUTHORITY_MAX);
    texts.put(record.detail, DETAIL_MAX);
    texts.put(record.method, METHOD_MAX);
    texts.put(record.callerField, TEXT_UNITS_MAX);

    const numbers = this.#numbers;
    const number = at * NUMBER_COLUMNS;
    numbers[number] = record.servicePort;
    numbers[number + 1] = record.backendPort;
    numbers[number + 2] = record.attempts;
    numbers[number + 3] = record.slot;
    numbers[number + 4] = record.status;
    numbers[number + 5] = record.frontOrdinal;
    numbers[number + 6] = record.ordinal;
    numbers[number + 9] = record.grpcStatus;

    const flags = this.#flags;
    const flag = at * FLAG_COLUMNS;
    flags[flag] = directions.indexOf(record.direction);
    flags[flag + 1] = record.reason === null ? 255 : reasonNames.indexOf(record.reason);
    flags[flag + 2] = record.origin === "app" ? 0 : 1;
    flags[flag + 3] = record.tls ? 1 : 0;
    flags[flag + 4] = record.replayed ? 1 : 0;
    flags[flag + 5] = operation !== null ? 0 : isNotable(record) ? 1 : 2;
    flags[flag + 8] =
      record.attemptReason === null ? 255 : reasonNames.indexOf(record.attemptReason);

    flags[flag + 9] = protocols.indexOf(record.protocol);

    const refs = this.#refs;
    const ref = at * REF_COLUMNS;
    refs[ref] = record.service;
    refs[ref + 1] = record.sourceId;
    refs[ref + 2] = record.sourceName;
    refs[ref + 3] = record.route;
    refs[ref + 4] = record.backend;
    refs[ref + 5] = record.endpointUid;
    refs[ref + 6] = record.endpointName;
    refs[ref + 7] = record.destinationAddress;
    refs[ref + 8] = record.destinationId;
    refs[ref + 9] = record.sourceAddress;
    refs[ref + 10] = record.frontConnection;
    refs[ref + 11] = record.ownAddress;
    refs[ref + 12] = record.connection;
    refs[ref + 13] = record.localAddress;
    refs[ref + 14] = record.earlier;
    refs[ref + 15] = null;
    refs[ref + 16] = null;
    refs[ref + 17] = record.detected;
    if (operation !== null) {
      refs[ref + 15] = operation.contract;
      refs[ref + 16] = operation.operation;
      const { key, parameters } = operation;
      texts.put(key, TEXT_UNITS_MAX);
      // The body's is not among them.
      for (const name of operation.operation.takes) {
        texts.put(parameters[name] ?? null, TEXT_UNITS_MAX);
      }
      times[time + REQUEST_AT] = this.#bodies.end;
      numbers[number + 7] = this.#keep(operation.requestBody, flag + 6);
      times[time + REPLY_AT] = this.#bodies.end;
      numbers[number + 8] = this.#keep(operation.replyBody, flag + 7);
    }
  }

  /** Are the texts of the slot still there? Its bodies may not be: they read as overwritten. */
  isWhole(at: number): boolean {
    return this.#texts.has(this.#times[at * TIME_COLUMNS + TEXT_AT]!);
  }

  startMs(at: number): number {
    return this.#times[at * TIME_COLUMNS]!;
  }

  endMs(at: number): number {
    return this.#times[at * TIME_COLUMNS + 1]!;
  }

  classOf(at: number): RecordClass {
    return classes[this.#flags[at * FLAG_COLUMNS + 5]!]!;
  }

  isOf(at: number, service: string): boolean {
    const ref = at * REF_COLUMNS;
    return this.#refs[ref] === service || this.#refs[ref + 4] === service;
  }

  /** The record, but for its bodies a copy: these are good until the next `write`. */
  read(at: number): ExchangeRecord {
    const times = this.#times;
    const time = at * TIME_COLUMNS;
    const numbers = this.#numbers;
    const number = at * NUMBER_COLUMNS;
    const flags = this.#flags;
    const flag = at * FLAG_COLUMNS;
    const refs = this.#refs;
    const ref = at * REF_COLUMNS;
    const record = new ExchangeRecord(times[time + 8]!, directions[flags[flag]!]!, times[time]!);
    record.endMs = times[time + 1]!;
    record.headMs = times[time + 2]!;
    record.queueMs = times[time + 3]!;
    record.requestBytes = times[time + 4]!;
    record.replyBytes = times[time + 5]!;
    record.sentMs = times[time + 6]!;
    record.replyMs = times[time + 7]!;
    record.receivedSeq = times[time + 9]!;
    record.answeredSeq = times[time + 10]!;
    record.sentSeq = times[time + 11]!;
    record.replySeq = times[time + 12]!;
    const texts = this.#texts;
    texts.seek(times[time + TEXT_AT]!);
    record.path = texts.next() ?? "";
    record.receivedPath = texts.next();
    record.authority = texts.next() ?? "";
    record.detail = texts.next() ?? "";
    record.method = texts.next() ?? "";
    record.callerField = texts.next();
    record.servicePort = numbers[number]!;
    record.backendPort = numbers[number + 1]!;
    record.attempts = numbers[number + 2]!;
    record.slot = numbers[number + 3]!;
    record.status = numbers[number + 4]!;
    record.frontOrdinal = numbers[number + 5]! >>> 0;
    record.ordinal = numbers[number + 6]! >>> 0;
    record.grpcStatus = numbers[number + 9]!;
    record.protocol = protocols[flags[flag + 9]!]!;
    record.reason = flags[flag + 1] === 255 ? null : reasonNames[flags[flag + 1]!]!;
    record.attemptReason = flags[flag + 8] === 255 ? null : reasonNames[flags[flag + 8]!]!;
    record.origin = flags[flag + 2] === 0 ? "app" : "proxy";
    record.tls = flags[flag + 3] === 1;
    record.replayed = flags[flag + 4] === 1;
    record.service = refs[ref] as ExchangeRecord["service"];
    record.sourceId = refs[ref + 1] as SpiffeId | null;
    record.sourceName = refs[ref + 2] as string | null;
    record.route = refs[ref + 3] as string | null;
    record.backend = refs[ref + 4] as ExchangeRecord["backend"];
    record.endpointUid = refs[ref + 5] as string | null;
    record.endpointName = refs[ref + 6] as string | null;
    record.destinationAddress = refs[ref + 7] as string;
    record.destinationId = refs[ref + 8] as SpiffeId | null;
    record.sourceAddress = refs[ref + 9] as string;
    record.frontConnection = refs[ref + 10] as string;
    record.ownAddress = refs[ref + 11] as string;
    record.connection = refs[ref + 12] as string | null;
    record.localAddress = refs[ref + 13] as string;
    record.earlier = refs[ref + 14] as ExchangeRecord["earlier"];
    record.detected = refs[ref + 17] as string;
    const contract = refs[ref + 15] as ContractDoc | null;
    if (contract !== null) {
      record.operation = this.#operation(at, contract, refs[ref + 16] as OperationDoc);
    }
    return record;
  }

  /** The text cursor stands behind `callerField`. */
  #operation(at: number, contract: ContractDoc, operation: OperationDoc): OperationRecord {
    const key = this.#texts.next() ?? "";
    const parameters: Record<string, string> = {};
    for (const name of operation.takes) {
      const text = this.#texts.next();
      if (text !== null) parameters[name] = text;
    }
    const time = at * TIME_COLUMNS;
    const number = at * NUMBER_COLUMNS;
    const flag = at * FLAG_COLUMNS;
    const body = (of: 0 | 1): BodyCapture | null =>
      this.#body(
        this.#times[time + REQUEST_AT + of]!,
        this.#numbers[number + 7 + of]!,
        this.#flags[flag + 6 + of]!,
      );
    return { contract, operation, parameters, key, requestBody: body(0), replyBody: body(1) };
  }

  #body(start: number, length: number, state: number): BodyCapture | null {
    if (state === NONE) return null;
    const isWhole = state === KEPT;
    const isOverwritten = isWhole && !this.#bodies.has(start, length);
    const octets = isWhole && !isOverwritten ? this.#bodies.read(start, length) : nothing;
    return { octets, length: octets.length, isTooLong: state === TOO_LONG, isWhole, isOverwritten };
  }

  /** Returns the length, and writes the body's state into its flag. */
  #keep(body: BodyCapture | null, flag: number): number {
    if (body === null) {
      this.#flags[flag] = NONE;
      return 0;
    }
    this.#flags[flag] = body.isTooLong ? TOO_LONG : body.isWhole ? KEPT : NOT_WHOLE;
    if (body.isTooLong || !body.isWhole) return 0;
    this.#bodies.put(body.octets, body.length);
    return body.length;
  }

  #allocate(): void {
    this.#times = new Float64Array(this.#capacity * TIME_COLUMNS);
    this.#numbers = new Int32Array(this.#capacity * NUMBER_COLUMNS);
    this.#flags = new Uint8Array(this.#capacity * FLAG_COLUMNS);
    this.#texts = new TextArena(textUnitsMax);
    this.#bodies = new BodyArena(bodyBytesMax);
  }
}

const protocols: readonly ExchangeRecord["protocol"][] = ["", ...carriedProtocols];
const reasonNames = Object.keys(reasons) as readonly Reason[];

/** Texts that a client chooses: so many characters are kept of each. */
const PATH_MAX = 128;
const AUTHORITY_MAX = 64;
const DETAIL_MAX = 80;
const METHOD_MAX = 16;

/** Columns of `#times` behind the record's own: where the slot's texts begin, and its bodies. */
const TEXT_AT = 13;
const REQUEST_AT = 14;
const REPLY_AT = 15;
const TIME_COLUMNS = 16;

const NUMBER_COLUMNS = 10;
const FLAG_COLUMNS = 10;
const REF_COLUMNS = 18;

const classes: readonly RecordClass[] = ["operation", "notable", "plain"];

const nothing = new Uint8Array(0);

/** States of a body in its column. */
const NONE = 0;
const KEPT = 1;
const TOO_LONG = 2;
const NOT_WHOLE = 3;
