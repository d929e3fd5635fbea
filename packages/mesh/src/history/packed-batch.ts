import { type CarriedProtocol, carriedProtocols } from "../model/protocol.ts";
import type { RecordedBatch } from "./batch.ts";
import {
  directions,
  type RecordedAttempt,
  type RecordedExchange,
  type RecordedValue,
} from "./exchange.ts";
import { PackedWriter } from "./packed-writer.ts";

/**
 * A batch as it travels to the control plane and lies on its disk: a tenth of its JSON, and of the work. What names
 * things, connections, addresses, endpoints, is in one table; an exchange is small numbers, places in the table and its own
 * texts, octet by octet.
 *
 * ```
 *  exchange = id direction… carried… status reason │ service … method path … │ front │ start head end, places │ attempts │ operation
 *
 *  whole     LEB128, below 2^53                       place    of a text in `strings`; where there may be none 0 is none
 *  step      zigzag, from what came before            text     twice its length, plus 1 where it is wide, then its
 *  time      a step in µs from the start; 0: never             characters: one octet each, or two, the lower first
 *  number    a step from `receivedSeq`; 0: never
 * ```
 *
 * Times are rounded to whole µs, counted from the clock's own beginning, so that records of two proxies keep their order.
 */
export interface PackedBatch extends Omit<RecordedBatch, "exchanges"> {
  /** Exchanges in `packed`. */
  readonly count: number;
  readonly strings: readonly string[];
  /** Base64. */
  readonly packed: string;
}

/** Packs a batch. Times come back in whole µs, all else as it was. */
export function packBatch({ exchanges, ...header }: RecordedBatch): PackedBatch {
  const writer = new PackedWriter();
  for (const exchange of exchanges) packExchange(writer, exchange);
  return { ...header, ...writer.take() };
}

/** Bits of an exchange's first octet beside its direction. */
export const BY_PROXY = 4;
export const HAS_RECEIVED_PATH = 8;
export const HAS_CALLER_FIELD = 16;
export const HAS_OPERATION = 32;
/** What was carried comes next. It does not in what stores of an earlier version hold. */
export const HAS_CARRIED = 64;

/** Bits of what was carried, beside its number: 0 is none, else a place in `carriedProtocols`, from 1. */
export const CARRIED_MASK = 15;
export const HAS_DETECTED = 16;
export const HAS_GRPC = 32;

/** What precedes a value. */
export const valueTags = {
  none: 0,
  text: 1,
  hash: 2,
  "too-long": 3,
  "not-whole": 4,
  overflow: 5,
} as const;

function packExchange(writer: PackedWriter, exchange: RecordedExchange): void {
  const { front, operation, receivedPath } = exchange;
  writer.begin(exchange.id, exchange.startMs, exchange.receivedSeq);
  writer.whole(
    directions.indexOf(exchange.direction) |
      (exchange.origin === "app" ? 0 : BY_PROXY) |
      (receivedPath === undefined ? 0 : HAS_RECEIVED_PATH) |
      (front.callerField === null ? 0 : HAS_CALLER_FIELD) |
      (operation === null ? 0 : HAS_OPERATION) |
      HAS_CARRIED,
  );
  const { protocol = "", detected = "", grpcStatus = -1 } = exchange;
  packCarried(writer, protocol, detected, grpcStatus);
  writer.whole(exchange.status);
  writer.placeOrNone(exchange.reason);
  writer.place(exchange.service);
  writer.whole(exchange.servicePort);
  writer.placeOrNone(exchange.backend);
  writer.whole(exchange.backendPort);
  writer.placeOrNone(exchange.route);
  writer.text(exchange.path);
  if (receivedPath !== undefined) writer.text(receivedPath);
  writer.text(exchange.authority);
  writer.text(exchange.detail);
  writer.text(exchange.method);
  if (front.callerField !== null) writer.text(front.callerField);
  writer.place(front.connection);
  writer.whole(front.ordinal);
  writer.place(front.source);
  writer.place(front.own);
  writer.placeOrNone(front.peer);
  writer.placeOrNone(front.caller);
  writer.time(exchange.headMs);
  writer.time(exchange.endMs);
  writer.number(exchange.answeredSeq);
  writer.whole(exchange.attempts.length);
  for (const attempt of exchange.attempts) packAttempt(writer, attempt);
  if (operation === null) return;
  writer.place(operation.contract);
  writer.place(operation.name);
  writer.text(operation.key);
  const parameters = Object.entries(operation.parameters);
  writer.whole(parameters.length);
  for (const [name, text] of parameters) {
    writer.place(name);
    writer.text(text);
  }
  packValue(writer, operation.requestBody);
  packValue(writer, operation.replyBody);
}

/** What was carried: one octet, as a rule. Empty and -1: there is none. */
export function packCarried(
  writer: PackedWriter,
  protocol: CarriedProtocol | "",
  detected: string,
  grpcStatus: number,
): void {
  writer.whole(
    (protocol === "" ? 0 : 1 + carriedProtocols.indexOf(protocol)) |
      (detected === "" ? 0 : HAS_DETECTED) |
      (grpcStatus < 0 ? 0 : HAS_GRPC),
  );
  if (detected !== "") writer.place(detected);
  if (grpcStatus >= 0) writer.whole(grpcStatus);
}

/** One that the record keeps as it leaves: those before the last. */
export function packAttempt(writer: PackedWriter, attempt: RecordedAttempt): void {
  writer.place(attempt.endpointUid);
  writer.place(attempt.endpoint);
  writer.place(attempt.target);
  writer.placeOrNone(attempt.identity);
  writer.placeOrNone(attempt.connection);
  writer.whole(attempt.ordinal);
  writer.place(attempt.own);
  writer.time(attempt.sentMs);
  writer.number(attempt.sentSeq);
  writer.time(attempt.replyMs);
  writer.number(attempt.replySeq);
  writer.placeOrNone(attempt.reason);
}

export function packValue(writer: PackedWriter, value: RecordedValue | null): void {
  if (value === null) {
    writer.whole(valueTags.none);
  } else if ("missing" in value) {
    writer.whole(valueTags[value.missing]);
  } else if ("hash" in value) {
    writer.whole(valueTags.hash);
    writer.text(value.hash);
  } else {
    writer.whole(valueTags.text);
    writer.text(value.text);
  }
}
