import type { Direction, RecordedAttempt } from "../history/exchange.ts";
import type { ContractDoc, OperationDoc } from "../model/document.ts";
import type { SpiffeId } from "../model/identity.ts";
import type { CarriedProtocol } from "../model/protocol.ts";
import type { Reason } from "../model/reason.ts";
import type { ServiceKey } from "../model/service-key.ts";

/**
 * The one account of an exchange: what came, what was decided, what happened. The relay fills it, and hands it over
 * once, at the end; metrics, tap, log, histories, why and plan are views of it.
 * Times are the clock's monotonic ms; null or -1 stands for what never happened.
 */
export class ExchangeRecord {
  /** Counts up within one proxy's life. */
  readonly id: number;
  readonly direction: Direction;
  readonly startMs: number;
  /** The service asked for; empty at egress. */
  service: ServiceKey = "";
  servicePort = 0;
  /** What the caller speaks; empty: it has not shown it. */
  protocol: CarriedProtocol | "" = "";
  /** How that was found out where nothing declared it; empty: it was declared. */
  detected = "";
  /** gRPC's own status, from trailers or head (gRPC over HTTP2, "Responses"); -1: it is no gRPC, or none came. */
  grpcStatus = -1;
  method = "";
  path = "";
  /** As it came, where it was forwarded otherwise; null: it was not. */
  receivedPath: string | null = null;
  authority = "";
  /** Peer that connected to us: address, and identity where it has one. */
  sourceAddress = "";
  sourceId: SpiffeId | null = null;
  /** Name of the workload that asked, where it is known. */
  sourceName: string | null = null;
  /** `<kind>/<ns>/<name>#<rule>`; null: no route, so the service itself. */
  route: string | null = null;
  backend: ServiceKey | null = null;
  backendPort = 0;
  /** Workload uid and name of the endpoint of the last attempt. */
  endpointUid: string | null = null;
  endpointName: string | null = null;
  destinationAddress = "";
  destinationId: SpiffeId | null = null;
  /** Was the meshed side of the exchange encrypted? */
  tls = false;
  attempts = 0;
  /** The connection was used before, and this exchange was replayed on a new one. */
  replayed = false;
  /** Attempts after the first that its budget has paid for, hedges too. */
  retries = 0;
  /** Why no more were made though one would have been: their number, or what bounds all of them. Null: none was missed. */
  retryEnd: "limit" | "overflow" | null = null;
  slot = -1;
  queueMs = 0;
  /** Final status sent to the caller; 0: none was. */
  status = 0;
  /** Null: the application answered. */
  reason: Reason | null = null;
  detail = "";
  /** Who made the reply: the application, or a proxy (this one or the peer's). */
  origin: "app" | "proxy" = "app";
  requestBytes = 0;
  replyBytes = 0;
  /** When the reply's head was sent, and when all was over. */
  headMs = -1;
  endMs = -1;

  // What histories are made of. Sequence numbers are places in the proxy's own history, from 1; 0: it never happened.
  /** Names the connection it came on, equally at both ends (`history/exchange.ts`), and its place on it, from 1. */
  frontConnection = "";
  frontOrdinal = 0;
  /** Our end of that connection. */
  ownAddress = "";
  /** Value of the field that a Contract names as the caller. */
  callerField: string | null = null;
  receivedSeq = 0;
  answeredSeq = 0;
  /** The last attempt's connection; null: none came about. */
  connection: string | null = null;
  ordinal = 0;
  /** Our end of it. */
  localAddress = "";
  sentMs = -1;
  sentSeq = 0;
  replyMs = -1;
  replySeq = 0;
  /** How the last attempt ended; null: with a reply that was passed on, or there was none. */
  attemptReason: Reason | null = null;
  /** Attempts before the last one; null: there were none. */
  earlier: readonly RecordedAttempt[] | null = null;
  /** The request read as an operation of a Contract; null: none knows it. */
  operation: OperationRecord | null = null;

  constructor(id: number, direction: Direction, startMs: number) {
    this.id = id;
    this.direction = direction;
    this.startMs = startMs;
  }
}

/** An operation, with its bodies as they come: at most so many octets of each, copied. */
export interface OperationRecord {
  readonly contract: ContractDoc;
  readonly operation: OperationDoc;
  /** By name, as spelled. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly key: string;
  /** Null where the operation takes or gives none. */
  readonly requestBody: BodyCapture | null;
  readonly replyBody: BodyCapture | null;
}

/** The first octets of a body. */
export interface BodyCapture {
  /** Octets captured; more than the contract allows are not kept, and `isWhole` stays false. */
  readonly octets: Uint8Array;
  readonly length: number;
  readonly isTooLong: boolean;
  /** Did it come to its end? */
  readonly isWhole: boolean;
  /** It was kept, and others have been written over it since. Default false. */
  readonly isOverwritten?: boolean;
}

/** Gets each record once, when its exchange is over. It must not throw and must not keep what it cannot bound. */
export interface Recorder {
  /** Is it of use to read requests as operations and to capture bodies? Default true. */
  readonly isRecording?: boolean;
  record(record: ExchangeRecord): void;
}
