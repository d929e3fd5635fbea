import type { RecordedBatch } from "../history/batch.ts";
import type { PackedBatch } from "../history/packed-batch.ts";
import type { DocumentKey, ServiceKey } from "../model/document.ts";
import type { Delta, Version } from "../snapshot/snapshot.ts";

/**
 * The control connection: one mTLS connection, dialled by the proxy, ALPN `heddle-control/1`; one JSON object a line.
 * Queues on both ends are bounded and latest-wins per document; the control plane never dials.
 *
 * Before a proxy has a leaf it dials with ALPN `heddle-enrol/1` (the server is authenticated by the bundle it was
 * started with, the client by its one-time token), sends one Enrol and gets one Enrolled or Refused.
 */
export const controlAlpn = "heddle-control/1";
export const enrolAlpn = "heddle-enrol/1";
/** SNI of the control plane. */
export const controlServerName = "control.heddle";

export type ProxyMessage = Hello | Ack | Nack | Want | Summary | Answer | Records | Renew | Pong;
export type ControlMessage = DeltaMessage | Request | Cancel | Recorded | Enrolled | Refused | Ping;

/** First line of a control connection: what the proxy has on disk and runs now. */
export interface Hello {
  readonly type: "hello";
  readonly workloadUid: string;
  /** Null: nothing. */
  readonly version: Version | null;
  readonly digest: string;
  readonly build: string;
  /** Services used so far, so that a restart has their documents in its first snapshot. */
  readonly wants: readonly ServiceKey[];
}

/** The proxy runs this version. */
export interface Ack extends Version {
  readonly type: "ack";
  readonly digest: string;
}

/** One document could not be acted on; the rest of its delta was. */
export interface Nack extends Version {
  readonly type: "nack";
  readonly document: DocumentKey;
  /** All errors, with paths. */
  readonly errors: readonly string[];
}

/** A service was used for the first time: send its documents. */
export interface Want {
  readonly type: "want";
  readonly services: readonly ServiceKey[];
}

/** Counters since the proxy started, sent every second while they change; `telemetry/summary.ts` has the shape. */
export interface Summary {
  readonly type: "summary";
  readonly body: unknown;
}

/** Part of the answer to a Request; the last has `done`. */
export interface Answer {
  readonly type: "answer";
  readonly id: number;
  readonly items: readonly unknown[];
  readonly done: boolean;
  /** Items dropped because the line could not keep up. */
  readonly dropped: number;
}

/**
 * What was recorded since the last batch of this stream. One batch of a stream is under way at a time; until `recorded`
 * says that it is kept the proxy holds it, and sends it again on another connection.
 */
export interface Records {
  readonly type: "records";
  readonly batch: PackedBatch;
}

/** A batch is kept: all of the stream's exchanges below `next`. */
export interface Recorded {
  readonly type: "recorded";
  readonly life: string;
  readonly store: RecordedBatch["store"];
  readonly next: number;
}

/** A new leaf before the old one ends: the key is new too. */
export interface Renew {
  readonly type: "renew";
  readonly publicKeyPem: string;
  /** Signature of `heddle-renew:<workload uid>` by the new key, base64: proof of possession. */
  readonly proof: string;
}

export interface Pong {
  readonly type: "pong";
}

export interface Ping {
  readonly type: "ping";
}

export interface DeltaMessage {
  readonly type: "delta";
  readonly delta: Delta;
}

/**
 * `tap`: live records that match a filter, until Cancel. `history`: what the proxy's ring holds now, as `RecordedBatch`es;
 * then, if the filter says `follow`, what comes, until Cancel.
 */
export interface Request {
  readonly type: "request";
  readonly id: number;
  readonly what: "tap" | "history";
  readonly filter: unknown;
}

export interface Cancel {
  readonly type: "cancel";
  readonly id: number;
}

/** First line of an enrolment. */
export interface Enrol {
  readonly type: "enrol";
  readonly workloadUid: string;
  readonly token: string;
  readonly publicKeyPem: string;
  /** Signature of `heddle-enrol:<workload uid>:<token>` by the key, base64. */
  readonly proof: string;
}

export interface Enrolled {
  readonly type: "enrolled";
  /** Leaf first, without the root. */
  readonly chainPem: string;
  readonly bundlePem: string;
}

export interface Refused {
  readonly type: "refused";
  readonly reason: string;
}
