import type { RequestHead } from "../model/head.ts";
import type { ServerStream } from "../net/codec.ts";
import { ExchangeRecord } from "../telemetry/record.ts";
import type { RelayContext } from "./context.ts";
import type { Frontend, Source } from "./frontend.ts";

/** The record of an exchange that begins now, with what is known before its head is looked at. */
export function openRecord(
  context: RelayContext,
  frontend: Frontend,
  source: Source,
  ordinal: number,
): ExchangeRecord {
  const record = buildRecord(context, frontend, source, ordinal);
  record.receivedSeq = context.nextPlace();
  return record;
}

/**
 * The same before anything was received.
 * @param ordinal which exchange of its connection it is, from 1
 */
export function buildRecord(
  context: RelayContext,
  frontend: Frontend,
  source: Source,
  ordinal: number,
): ExchangeRecord {
  const record = new ExchangeRecord(
    context.nextId(),
    frontend.direction,
    context.clock.monotonicMs(),
  );
  record.service = frontend.service;
  record.servicePort = frontend.port;
  record.sourceAddress = source.address;
  record.sourceId = source.identity;
  record.tls = source.isTls;
  record.detected = source.detected ?? "";
  record.frontConnection = source.connection;
  record.frontOrdinal = ordinal;
  record.ownAddress = source.own;
  return record;
}

/** The record of a request whose head was understood. */
export function openRequestRecord(
  context: RelayContext,
  frontend: Frontend,
  source: Source,
  { ordinal, protocol }: ServerStream,
  head: RequestHead,
): ExchangeRecord {
  const record = frontend.isMirror
    ? buildRecord(context, frontend, source, 0) // nobody has sent it to us
    : openRecord(context, frontend, source, ordinal);
  record.protocol = protocol;
  record.method = head.method;
  record.path = head.path;
  record.authority = head.authority;
  return record;
}
