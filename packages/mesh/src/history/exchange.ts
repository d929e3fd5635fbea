import type { SpiffeId } from "../model/identity.ts";
import type { CarriedProtocol } from "../model/protocol.ts";
import type { Reason } from "../model/reason.ts";
import type { ServiceKey } from "../model/service-key.ts";

/**
 * One exchange as one proxy recorded it: what leaves the proxy, is kept for 24 h and is read by histories, checkers and
 * people. Data only, JSON all through. Made from the proxy's `ExchangeRecord`; `events.ts` derives the Send and Recv
 * events of the proxy and of the process beside it.
 *
 * ```
 *  caller ──front──▶ proxy ──attempts[0]──▶ endpoint      each arrow is a hop: a request message and its reply
 *                          ──attempts[1]──▶ another
 * ```
 *
 * Times are the host's monotonic ms (one value for all processes of a machine until it boots again); -1: it never
 * happened. Sequence numbers are places in the proxy's own history, from 1; 0: it never happened.
 */
export interface RecordedExchange {
  /** Counts up within one life of the proxy. */
  readonly id: number;
  readonly direction: Direction;
  /** The service asked for; empty at egress. */
  readonly service: ServiceKey | "";
  readonly servicePort: number;
  /** The service the chosen rule sends to; at inbound the service answered for; null: none was chosen. */
  readonly backend: ServiceKey | null;
  readonly backendPort: number;
  readonly method: string;
  /** As forwarded, cut after 128 octets. */
  readonly path: string;
  /** As it came, cut likewise: what routes were matched with. Absent: it was forwarded so. */
  readonly receivedPath?: string;
  readonly authority: string;
  /**
   * What the caller spoke. `tcp` and `tls` are one connection each, whose octets nobody has read: it is no message (`events.ts`),
   * has no method, path or status, and its authority is the server name its ClientHello asked for. Absent: it had not shown it,
   * or this was recorded before it was told.
   */
  readonly protocol?: CarriedProtocol;
  /** How that was found out, where the port declares nothing. Absent: it was declared. */
  readonly detected?: string;
  /** gRPC's own status, from trailers or head. Absent: it is no gRPC, or none came. */
  readonly grpcStatus?: number;
  readonly front: FrontHop;
  /** In order; the last is the one that was answered, if any was. */
  readonly attempts: readonly RecordedAttempt[];
  readonly route: string | null;
  /** Sent to the caller; 0: none was. */
  readonly status: number;
  /** Null: the process answered. */
  readonly reason: Reason | null;
  readonly detail: string;
  /** Who made the reply: the process, or a proxy (this one or the peer's). */
  readonly origin: "app" | "proxy";
  /** Request's head received, reply's head sent, all over. */
  readonly startMs: number;
  readonly headMs: number;
  readonly endMs: number;
  readonly receivedSeq: number;
  readonly answeredSeq: number;
  /** What it means on the service level; null: no Contract of the service knows this request. */
  readonly operation: RecordedOperation | null;
}

/** The order is that of their numbers in packed batches. */
export const directions = ["inbound", "outbound", "gateway", "egress"] as const;

/** Did it carry octets that nobody on the way has read? Then it is a connection and no request. */
export function isOpaque({ protocol }: Pick<RecordedExchange, "protocol">): boolean {
  return protocol === "tcp" || protocol === "tls";
}

/** Is it a proxy's copy of a request (a mirror's), which nobody has sent to it and no route has chosen a target for? */
export function isCopy({
  front,
  direction,
}: Pick<RecordedExchange, "front" | "direction">): boolean {
  return front.ordinal === 0 && (direction === "outbound" || direction === "gateway");
}

/** Which door an exchange came through. */
export type Direction = (typeof directions)[number];

/** The hop on which the request came. */
export interface FrontHop {
  readonly connection: ConnectionName;
  /** Which exchange of that connection, from 1. */
  readonly ordinal: number;
  /** Address of the caller's end. */
  readonly source: string;
  /** Our own end: where the request was received. */
  readonly own: string;
  /** The caller's identity as its certificate proved it. */
  readonly peer: SpiffeId | null;
  /** Workload that asked: at outbound our own; at inbound as its proxy said; null: outside, or not said. */
  readonly caller: string | null;
  /** Value of the field that a Contract names as the caller, where there is one. */
  readonly callerField: string | null;
}

/** One try at one endpoint: the hop on which the request went on. */
export interface RecordedAttempt {
  /** Workload uid as the sender knew it; `app`: the process beside the proxy. */
  readonly endpointUid: string;
  readonly endpoint: string;
  /** Where it was sent to, as the sender was told: target-address[M]. */
  readonly target: string;
  /** Identity that was expected there; null: a plain connection. */
  readonly identity: SpiffeId | null;
  /** Null: no connection came about, so nothing was sent. */
  readonly connection: ConnectionName | null;
  readonly ordinal: number;
  /** Our end of the connection; empty without one. */
  readonly own: string;
  /** The request's head was sent, the reply's came. */
  readonly sentMs: number;
  readonly sentSeq: number;
  readonly replyMs: number;
  readonly replySeq: number;
  /** How it ended. Null: with a reply that was passed on. */
  readonly reason: Reason | null;
}

/** A request read as an operation of a Contract's definition. */
export interface RecordedOperation {
  /** Of the Contract: `<namespace>/<name>`. */
  readonly contract: string;
  readonly name: string;
  /** Parameters from path, query and fields, as they were spelled, by name. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The key in its normal form; empty where the whole service is one. */
  readonly key: string;
  /** Null: the definition takes none from there. */
  readonly requestBody: RecordedValue | null;
  readonly replyBody: RecordedValue | null;
}

/** A value as recorded: in clear, as a keyed hash (equal values have equal hashes), or not, because it was too long. */
export type RecordedValue =
  | { readonly text: string }
  | { readonly hash: string }
  | { readonly missing: "too-long" | "not-whole" | "overflow" };

/**
 * Names a connection, equally at both ends: 32 hex digits of TLS exporter keying material, or on a plain connection
 * `<dialler's address>><listener's address>`.
 */
export type ConnectionName = string;

/** Identity of a message: the same at sender and receiver, never on the wire. */
export function messageId(
  connection: ConnectionName,
  ordinal: number,
  type: "request" | "reply",
): string {
  return `${connection}.${ordinal}.${type === "request" ? "q" : "s"}`;
}

/** The connection and the ordinal that a message's id was made of. */
export function messageParts(id: string): {
  readonly connection: ConnectionName;
  readonly ordinal: number;
} {
  const end = id.lastIndexOf(".");
  const start = id.lastIndexOf(".", end - 1);
  return { connection: id.slice(0, start), ordinal: Number(id.slice(start + 1, end)) };
}

/** The id of the request that a reply answers; a request's own. */
export function requestIdOf(id: string): string {
  const { connection, ordinal } = messageParts(id);
  return messageId(connection, ordinal, "request");
}
