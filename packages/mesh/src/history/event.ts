import type { ValueType } from "../model/document.ts";
import type { SpiffeId } from "../model/identity.ts";
import type { Reason } from "../model/reason.ts";
import type { RecordedValue } from "./exchange.ts";

/**
 * Names an endpoint: `<namespace>/<workload>` is the process, `<namespace>/<workload>/proxy` its proxy,
 * `outside/<address>` whoever has no workload. A script that records itself takes a name of its own.
 */
export type EndpointName = string;

/** `Send•M` or `Recv•M` at one endpoint: the only things that happen in a network. */
export interface HistoryEvent {
  readonly kind: "send" | "recv";
  readonly endpoint: EndpointName;
  /** Place in its endpoint's own history; grows within one epoch, need not be dense. */
  readonly seq: number;
  /** The recorder's life. Another one begins with a gap. */
  readonly epoch: string;
  /** Monotonic ms of the host. Order within a history is `seq`'s, not this. */
  readonly atMs: number;
  /** Who recorded it: the endpoint itself, or the proxy beside it. */
  readonly observer: EndpointName;
  /** The observer is not the endpoint: it was on the other side of the hop. */
  readonly isInferred: boolean;
  /** address[endpoint], at which it was sent or received. */
  readonly address: string;
  readonly message: Message;
  /** Identity of the other end, proved by certificate; null on a plain hop. */
  readonly peer: SpiffeId | null;
  /** The exchange it belongs to, within its observer's epoch. */
  readonly exchange: number;
}

/** What one end knows of a message. */
export interface Message {
  /** Equal at sender and receiver; see `messageId`. */
  readonly id: string;
  readonly type: "request" | "reply";
  /** target-address[M] as the sender was told; null in the eyes of a receiver, who cannot know it. */
  readonly target: string | null;
  /** The endpoint that the sender meant; null: it knows an address only, or is the receiver. */
  readonly targetEndpoint: EndpointName | null;
  /** Of a request received: who its sender said to be. Left out: nobody said so. */
  readonly saidBy?: EndpointName;
  /**
   * `<namespace>/<name>:<port>`. Of a request sent: the service it is meant for. Of a request received: the service it was
   * received for. Null: none.
   */
  readonly service: string | null;
  readonly content: RequestContent | ReplyContent;
}

export interface RequestContent {
  readonly method: string;
  readonly path: string;
  /** On the service level: `Put(1,"a")`; null: no Contract knows it. */
  readonly operation: OperationContent | null;
}

export interface OperationContent {
  readonly name: string;
  /** In the order of the signature. */
  readonly arguments: readonly RecordedValue[];
  /** How each is read; left out where no definition is at hand. */
  readonly types?: readonly ValueType[];
}

export interface ReplyContent {
  readonly status: number;
  readonly reason: Reason | null;
  readonly origin: "app" | "proxy";
  /** What the operation gave; null: it gives nothing, or no Contract knows it. */
  readonly value: RecordedValue | null;
  /** How the value is read; left out where no definition is at hand. */
  readonly valueType?: ValueType;
  /** Does a Contract know the request it answers, and is it the answer of an operation that succeeded? */
  readonly isOk: boolean;
}

/** The local point of view: one endpoint's own events in order, append-only. */
export interface History {
  readonly endpoint: EndpointName;
  readonly events: readonly HistoryEvent[];
  /** Does it reach back to the endpoint's start, without a gap? */
  readonly isWhole: boolean;
}
