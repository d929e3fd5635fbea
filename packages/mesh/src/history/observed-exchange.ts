import type { OperationDoc } from "../model/document.ts";
import type { SpiffeId } from "../model/identity.ts";
import { operationContent, replyContent } from "./content.ts";
import type { HistoryEvent } from "./event.ts";
import {
  type ConnectionName,
  messageId,
  type RecordedOperation,
  type RecordedValue,
} from "./exchange.ts";

/**
 * One exchange as an endpoint saw it that records itself: one hop, a request and its reply. Times are monotonic ms of the
 * host; sequence numbers are places in the endpoint's own history, from 1.
 */
export interface ObservedExchange {
  /** Counts up within one life of the recorder, from 1. */
  readonly id: number;
  /** Did the endpoint ask, or was it asked? */
  readonly side: "asked" | "answered";
  readonly connection: ConnectionName;
  /** Which exchange of that connection, from 1. */
  readonly ordinal: number;
  /** Addresses of our end and of the other. */
  readonly own: string;
  readonly other: string;
  /** Identity of the other end, proved by certificate; null on a plain connection. */
  readonly peer: SpiffeId | null;
  /** `<namespace>/<name>:<port>`: whom the request is meant for, or was received for; null: no service. */
  readonly service: string | null;
  readonly request: ObservedRequest;
  /** Null: none came, or was sent. */
  readonly reply: ObservedReply | null;
  /** All over: the last octet of the reply, or the connection's end; -1 as long as neither came. */
  readonly endMs: number;
  /** Why there is no whole reply; null: there is, or the exchange goes on. */
  readonly failure: string | null;
}

export interface ObservedRequest {
  readonly seq: number;
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly body: RecordedValue;
  /** What the service's Contract reads it as; null: none knows it. */
  readonly reading: ObservedReading | null;
}

export interface ObservedReading {
  readonly contract: string;
  readonly operation: OperationDoc;
  readonly parameters: Readonly<Record<string, string>>;
  readonly key: string;
}

export interface ObservedReply {
  readonly seq: number;
  readonly atMs: number;
  readonly status: number;
  readonly body: RecordedValue;
}

/** The events of one exchange in the history of the endpoint that saw it; the observer is the endpoint itself. */
export function observedEvents(
  exchange: ObservedExchange,
  observer: { readonly endpoint: string; readonly epoch: string },
): readonly HistoryEvent[] {
  const { request, reply } = exchange;
  const isAsker = exchange.side === "asked";
  const event = (isSent: boolean, { seq, atMs }: { seq: number; atMs: number }) => ({
    kind: isSent ? ("send" as const) : ("recv" as const),
    endpoint: observer.endpoint,
    seq,
    epoch: observer.epoch,
    atMs,
    observer: observer.endpoint,
    isInferred: false,
    address: exchange.own,
    peer: exchange.peer,
    exchange: exchange.id,
  });
  const message = (isSent: boolean, type: "request" | "reply") => ({
    id: messageId(exchange.connection, exchange.ordinal, type),
    type,
    target: isSent ? exchange.other : null,
    targetEndpoint: null,
    service: type === "request" ? exchange.service : null,
  });
  const { method, path } = request;
  const operation = operationOf(exchange);
  const definition = request.reading?.operation ?? null;
  const content = { method, path, operation: operation && operationContent(operation, definition) };
  const asked = {
    ...event(isAsker, request),
    message: { ...message(isAsker, "request"), content },
  };
  if (reply === null) return [asked];
  const said = { status: reply.status, reason: null, origin: "app" } as const;
  const answer = replyContent(said, operation, definition);
  return [
    asked,
    { ...event(!isAsker, reply), message: { ...message(!isAsker, "reply"), content: answer } },
  ];
}

/** The exchange's operation as a proxy would have recorded it; null: no Contract knows it. */
function operationOf(exchange: ObservedExchange): RecordedOperation | null {
  const { request, reply } = exchange;
  if (request.reading === null) return null;
  const { contract, operation, parameters, key } = request.reading;
  const replyBody = reply?.body ?? { missing: "not-whole" };
  return {
    contract,
    name: operation.name,
    parameters,
    key,
    requestBody: operation.body === null ? null : request.body,
    replyBody: operation.gives === null ? null : replyBody,
  };
}
