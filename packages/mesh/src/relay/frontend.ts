import type { PlacementSource } from "../balance/placement.ts";
import type { ConnectionName, Direction } from "../history/exchange.ts";
import type { FaultDoc } from "../model/document.ts";
import type { RequestHead } from "../model/head.ts";
import type { SpiffeId } from "../model/identity.ts";
import type { PortProtocol } from "../model/protocol.ts";
import type { Reason } from "../model/reason.ts";
import type { ServiceKey } from "../model/service-key.ts";
import type { Admission } from "../policy/admission.ts";
import type { RetryBudget } from "../policy/budget.ts";
import type { FaultDraws } from "../policy/fault.ts";
import type { EffectivePolicy } from "../policy/request-policy.ts";
import type { RouteTable } from "../route/match.ts";
import type { TcpRouteTable } from "../route/tcp-route.ts";
import type { TlsRouteTable } from "../route/tls-routes.ts";
import type { Backend, EndpointWaiter } from "../upstream/backend.ts";

/** By which a proxy tells its peer, once per connection, which workload it stands beside: `<name> <uid>`. */
export const workloadField = "x-heddle-workload";

/** Who sent a request, settled once per connection. */
export interface Source {
  readonly address: string;
  /** Our end of the connection. */
  readonly own: string;
  /** Names the connection, equally at its other end. */
  readonly connection: ConnectionName;
  /** Null on a plain connection. */
  readonly identity: SpiffeId | null;
  readonly isTls: boolean;
  /** The caller as placement reads it: outbound ourselves, inbound the peer. */
  placement: PlacementSource;
  /** The workload's name where it is known; a peer's comes with its first request. */
  name: string | null;
  /** `host:port` of the listener it came to; empty where no client names that. */
  readonly ownAuthority: string;
  /** How it was found out what its connection carries; absent, empty: it was declared. */
  detected?: string;
}

/** A decision made on a request's head before anything else is: a reason refuses it. */
export type Gate = (head: RequestHead, source: Source) => { reason: Reason; detail: string } | null;

/** Changes made to every request of a frontend, before routes look at it. */
export type Edit = (head: RequestHead, source: Source) => void;

/**
 * What a door leads to: everything that was decided about its requests when the documents came. Replaced whole; an
 * exchange keeps the one it began with. What is absent is null and costs nothing.
 */
export interface Frontend {
  readonly direction: Direction;
  readonly service: ServiceKey;
  readonly port: number;
  /** Every request fails so: its document could not be acted on. */
  readonly fails: { readonly reason: Reason; readonly detail: string } | null;
  /** The service's documents have been asked for and are not here yet. */
  readonly pending: Pending | null;
  readonly edit: Edit | null;
  readonly gate: Gate | null;
  /** What is taken in, asked after the gate. Absent, null: everything. */
  readonly admission?: Admission | null;
  readonly routes: RouteTable | null;
  /** What is spoken here, as intent says it. Absent: `http`. */
  readonly protocol?: PortProtocol;
  /** Of connections that carry TLS. Absent, null: their server name decides nothing. */
  readonly tlsRoutes?: TlsRouteTable | null;
  /** Of connections whose octets are not read, where their server name has decided nothing. Absent, null: to `backend`. */
  readonly tcpRoute?: TcpRouteTable | null;
  /** Where requests go that no rule sends elsewhere; null where there must be a rule (gateway). */
  readonly backend: Backend | null;
  /** The backend a rule names. */
  readonly backendOf: (service: ServiceKey, port: number) => Backend;
  readonly requestTimeoutMs: number | null;
  /** Null: no attempt after the first, but for the replay of an idle race. */
  readonly budgetOf: ((service: ServiceKey) => RetryBudget) | null;
  /** Of requests without a rule. Absent, null: none. */
  readonly policy?: EffectivePolicy | null;
  /** The fault of a rule, as it meets this caller; null: not. Absent: none does. */
  readonly faultOf?: (rule: string, doc: FaultDoc) => FaultDraws | null;
  /** Are its requests copies of others, whose replies nobody waits for? Absent: no. */
  readonly isMirror?: boolean;
  /** Are callers outside the mesh? They learn the reason and no details. */
  readonly isEdge: boolean;
}

/** Documents that are on their way. */
export interface Pending {
  /** Calls `onEndpoint` when they are here, `onNoEndpoint` when they did not come in time. */
  wait(waiter: EndpointWaiter): void;
  cancel(waiter: EndpointWaiter): void;
}

/** A place in the table that is swapped: what holds it sees the newest frontend. */
export interface FrontendSlot {
  frontend: Frontend;
}
