import type { Address } from "./address.ts";
import type { SpiffeId } from "./identity.ts";
import type {
  AdmissionDoc,
  AffinityDoc,
  BackendTlsDoc,
  BudgetDoc,
  CapsDoc,
  HealthCheckDoc,
  OutlierDoc,
  PickerName,
  RequestPolicyDoc,
  SlowStartDoc,
  ZonesDoc,
} from "./policy.ts";
import type { PortProtocol } from "./protocol.ts";
import type { ServiceKey } from "./service-key.ts";

export type { PortProtocol } from "./protocol.ts";
export type { ServiceKey } from "./service-key.ts";

/**
 * What the control plane tells a proxy, and what a file tells one in the Walk profile. Data only, deeply readonly,
 * JSON all through. One document per key; a proxy swaps a set of them at once.
 *
 *   ProxyDoc ("proxy")            this workload: its listeners, what it serves, whom it may call
 *   ServiceDoc ("service/ns/n")   a service: ports, routes, placement, policies; changes with intent
 *   EndpointsDoc ("endpoints/…")  its processes, now; changes with the world
 */
export type Document = ProxyDoc | ServiceDoc | EndpointsDoc;

/** `proxy`, `service/<namespace>/<name>`, `endpoints/<namespace>/<name>`. */
export type DocumentKey = string;

/** The key of a document. */
export function documentKey(document: Document): DocumentKey {
  switch (document.kind) {
    case "proxy":
      return "proxy";
    case "service":
      return `service/${document.namespace}/${document.name}`;
    case "endpoints":
      return `endpoints/${document.namespace}/${document.name}`;
  }
}

export interface ProxyDoc {
  readonly kind: "proxy";
  readonly workload: WorkloadDoc;
  /** The suffix of full names, `svc.ns.svc.<domain>`. Default `cluster.local`. */
  readonly clusterDomain: string;
  /** Where peers reach this workload; null for a pure caller or gateway. */
  readonly inbound: InboundDoc | null;
  /** One listener per port of each visible service. */
  readonly outbound: readonly OutboundListenerDoc[];
  /** `HTTP_PROXY` for the workload; null without. */
  readonly forwardProxy: ListenerDoc | null;
  /** Listeners of a Gateway this workload runs. */
  readonly gateway: readonly GatewayListenerDoc[];
  /** Absent: the process reaches services by its environment (`capture: none`). */
  readonly capture?: CaptureDoc;
}

/**
 * What a captured process (`capture: transparent`) finds instead of an environment: names, answered by its proxy, and for
 * each service one address that leads to the outbound listeners above.
 */
export interface CaptureDoc {
  /** Name of the UDP socket at which its questions for names arrive; the supervisor passes it. */
  readonly datagrams: string;
  /** The same over TCP. */
  readonly listener: ListenerDoc;
  readonly services: readonly CapturedServiceDoc[];
}

export interface CapturedServiceDoc {
  readonly service: ServiceKey;
  /** IPv4, below 127.128.0.0/9: no other service has it. */
  readonly address: string;
  /** Those with a listener. */
  readonly ports: readonly { readonly name: string | null; readonly number: number }[];
}

export interface WorkloadDoc {
  /** A DNS label, unique for ever; names the workload in SNI and placement. */
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** Null in a plain file without identities: every connection is then plain. */
  readonly identity: SpiffeId | null;
  /** Absent: zones say nothing to it. */
  readonly zone?: string;
}

/** A listening socket: the supervisor passes it by `name`; without a supervisor the proxy binds `address`. */
export interface ListenerDoc {
  readonly name: string;
  readonly address: Address;
}

export interface InboundDoc {
  readonly listener: ListenerDoc;
  readonly ports: readonly InboundPortDoc[];
}

/** A port of a service that this workload backs. */
export interface InboundPortDoc {
  readonly service: ServiceKey;
  /** The service's port number; the peer's SNI names it. */
  readonly port: number;
  readonly protocol: PortProtocol;
  /** Where the application listens. */
  readonly target: Address;
  /** Absent: it is spoken to plainly. */
  readonly tls?: BackendTlsDoc;
}

export interface OutboundListenerDoc {
  readonly listener: ListenerDoc;
  readonly service: ServiceKey;
  readonly port: number;
}

export interface GatewayListenerDoc {
  readonly listener: ListenerDoc;
  /** `<namespace>/<gateway>/<listener name>`. */
  readonly name: string;
  /** What its connections carry; `tls` is passed through, never terminated here. Absent: `http`. */
  readonly protocol?: "http" | "tls";
  /** Of requests; at a `tls` listener there are none. */
  readonly routes: RoutesDoc;
  /** Of a `tls` listener. A connection whose server name none of them has is closed: no-route. Absent: none. */
  readonly tlsRoutes?: readonly TlsRouteDoc[];
}

export interface ServiceDoc {
  readonly kind: "service";
  readonly namespace: string;
  readonly name: string;
  readonly ports: readonly ServicePortDoc[];
  readonly placement: PlacementDoc | null;
  readonly policy: BackendPolicyDoc;
  /** How requests are read as operations, for recording; null: no Contract. */
  readonly contract: ContractDoc | null;
  /** Faults that callers' proxies inject; null: none. */
  readonly fault: FaultDoc | null;
  /** What its own processes' proxies take in. Absent: everything. */
  readonly admission?: AdmissionDoc;
}

export interface ServicePortDoc {
  /** Null where the only port has no name. */
  readonly name: string | null;
  readonly number: number;
  readonly protocol: PortProtocol;
  /** Null: no route is attached and all traffic goes to the service itself (GEP-1294). */
  readonly routes: RoutesDoc | null;
  /**
   * Of connections that carry TLS. One whose server name none of them has is closed: no-route. Absent: no TLSRoute is attached
   * and they all go to the service itself.
   */
  readonly tlsRoutes?: readonly TlsRouteDoc[];
  /** Of connections whose octets are not read. Absent: they go to the service itself. */
  readonly tcpRoute?: TcpRouteDoc;
}

/** Where connections of octets go. */
export interface TcpRouteDoc {
  /** `<kind>/<namespace>/<name>`: a TCPRoute or a TrafficSplit, for records and people. */
  readonly route: string;
  /** The rule's name, or its index in the route. */
  readonly name: string;
  /** A share of connections each. Empty, or all of weight 0: they are closed, invalid-backend. */
  readonly backends: readonly WeightedBackendDoc[];
}

/**
 * Where TLS connections go by the server name of their ClientHello. Of several routes with that name the first in the document
 * wins; an exact name is before a wildcard, a longer wildcard before a shorter (`route/tls-routes.ts`).
 */
export interface TlsRouteDoc {
  /** `TLSRoute/<namespace>/<name>`, for records and people. */
  readonly route: string;
  /** The rule's name, or its index in the route. */
  readonly name: string;
  /** Lower case; `*.a.b` stands for one or more labels before `.a.b`. At least one. */
  readonly hostnames: readonly string[];
  /** A share of connections each. Empty, or all of weight 0: they are closed, invalid-backend. */
  readonly backends: readonly WeightedBackendDoc[];
}

/** All rules of all routes attached to one frontend, merged. The first match of `matches` wins; none: no-route. */
export interface RoutesDoc {
  /** In order of precedence (HTTPRouteSpec: exact path, longest prefix, method, headers, query, age, name, order). */
  readonly matches: readonly MatchDoc[];
  readonly rules: readonly RuleDoc[];
}

export interface MatchDoc {
  /** Index into `rules`. */
  readonly rule: number;
  readonly hostnames: readonly string[];
  readonly path: PathMatchDoc;
  readonly method: string | null;
  readonly headers: readonly FieldMatchDoc[];
  readonly query: readonly FieldMatchDoc[];
}

export interface PathMatchDoc {
  /** `regex`: a pattern (`route/pattern.ts`) that the whole path must fit; `regex-prefix`: that its beginning must. */
  readonly type: "exact" | "prefix" | "regex" | "regex-prefix";
  /** A prefix has no trailing slash but for `/` itself, and matches whole segments. */
  readonly value: string;
}

/** A header or query parameter, by its first value. */
export interface FieldMatchDoc extends ValueMatchDoc {
  /** `regex`: a pattern that the whole value must fit. Absent: `exact`. */
  readonly type?: "exact" | "regex";
}

export interface RuleDoc {
  /** `<kind>/<namespace>/<name>`, for records and people. */
  readonly route: string;
  /** The rule's name, or its index in the route. */
  readonly name: string;
  readonly filters: readonly FilterDoc[];
  readonly backends: readonly WeightedBackendDoc[];
  /** Whole exchange, attempts included, in ms. Null: none. */
  readonly requestTimeoutMs: number | null;
  /** Set when the rule cannot be acted on: every request it matches fails so. */
  readonly fails: "invalid-backend" | "unsupported" | null;
  /** Absent: the service's. */
  readonly policy?: RequestPolicyDoc;
  /** Faults of its own, besides the service's. Absent: none. */
  readonly fault?: FaultDoc;
  /** Must the destination's proxy be told which rule it was? Its admission asks. Absent: no. */
  readonly isTold?: boolean;
}

/** What rules name: one port of a service. */
export interface BackendRefDoc {
  readonly service: ServiceKey;
  readonly port: number;
}

export interface WeightedBackendDoc {
  /** Null: an invalid reference, whose share of requests fails with invalid-backend. */
  readonly backend: BackendRefDoc | null;
  /** What its share fails as where `backend` is null. Absent: invalid-backend. */
  readonly fails?: "invalid-backend" | "no-endpoint";
  /** A whole number >= 0; the share is weight / sum. */
  readonly weight: number;
  readonly filters: readonly FilterDoc[];
}

/** One filter's configuration; `filter/index.ts` is the table of types. */
export type FilterDoc =
  | ({ readonly type: "request-headers" } & HeaderEditsDoc)
  | ({ readonly type: "reply-headers" } & HeaderEditsDoc)
  | {
      readonly type: "url-rewrite";
      readonly hostname: string | null;
      /** `prefix` replaces the prefix that the rule's match consumed (`from`). */
      readonly path: PathEditDoc | null;
    }
  | RedirectDoc
  | MirrorDoc
  | CorsDoc;

/** Another path in place of a request's, or of the prefix that the rule's match consumed (Gateway API, HTTPPathModifier). */
export type PathEditDoc =
  | { readonly replace: "full"; readonly value: string }
  | { readonly replace: "prefix"; readonly from: string; readonly value: string };

/** Answers with another place to ask. */
export interface RedirectDoc {
  readonly type: "redirect";
  /** Null: as the request came. */
  readonly scheme: "http" | "https" | null;
  readonly hostname: string | null;
  /** Null: the well-known port of `scheme` where that is given, else the one the request was addressed to. */
  readonly port: number | null;
  readonly path: PathEditDoc | null;
  readonly status: 301 | 302 | 303 | 307 | 308;
}

/** Sends a copy of a share of the requests to another service; what answers is dropped. */
export interface MirrorDoc {
  readonly type: "mirror";
  /** Null: an invalid reference, to which nothing is sent. */
  readonly backend: BackendRefDoc | null;
  readonly share: { readonly numerator: number; readonly denominator: number };
}

/** Fetch's cross-origin rules; preflights are answered by the proxy. Lists hold `*` alone, or names. */
export interface CorsDoc {
  readonly type: "cors";
  /** `*`, `https://a.b`, `https://*.b`, `https://a.b:*`. */
  readonly allowOrigins: readonly string[];
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly allowCredentials: boolean;
  readonly maxAgeS: number;
}

export interface HeaderEditsDoc {
  readonly set: readonly ValueMatchDoc[];
  readonly add: readonly ValueMatchDoc[];
  readonly remove: readonly string[];
}

export interface ValueMatchDoc {
  /** A header name in lower case, or a query parameter. */
  readonly name: string;
  readonly value: string;
}

/** Same key, same process: key → slot by a fixed hash, slot → workload by `EndpointsDoc.slots`. */
export interface PlacementDoc {
  readonly name: string;
  readonly key: PlacementKeyDoc;
  readonly slots: number;
  /** `wait`: up to 2 s, then slot-away. `refuse`: slot-away at once. `move`: the next workload answers. */
  readonly whenAway: "wait" | "refuse" | "move";
}

/** Where a request carries its key. */
export interface PlacementKeyDoc {
  /** Segments count from 1; `source` is the caller's workload uid, `identity` its SPIFFE ID. */
  readonly from:
    | { readonly kind: "path-segment"; readonly index: number }
    | { readonly kind: "header"; readonly name: string }
    | { readonly kind: "query"; readonly name: string }
    | { readonly kind: "source" }
    | { readonly kind: "identity" };
  readonly type: "integer" | "text";
}

/** The `http` part of a service's definition as data, and what of it is recorded. Never code. */
export interface ContractDoc {
  /** `<namespace>/<name>` of the Contract. */
  readonly name: string;
  readonly operations: readonly OperationDoc[];
  /** The parameter that is the key; null: the whole service is one object. */
  readonly key: string | null;
  /** Share of the keys that are recorded whole, above 0 to 1; which ones, a hash of the key says, everywhere alike. */
  readonly keyShare: number;
  /** Are bodies recorded as they are, or as keyed hashes? Numbers are recorded as they are. */
  readonly values: "clear" | "hashed";
  /** Key of the hashes, 32 hex digits. */
  readonly hashKey: string;
  /** A longer body is not recorded. In octets. */
  readonly valueBytesMax: number;
  /** Field whose value tells callers behind one connection apart; null: none. */
  readonly callerField: string | null;
}

export interface OperationDoc {
  readonly name: string;
  /** Names of all parameters in the order of the signature: that of an operation's arguments. */
  readonly takes: readonly string[];
  /** May it change the state? */
  readonly changes: boolean;
  readonly method: string;
  /** Segments of the path as the process sees it, decoded; an empty literal at the end: it ends in a slash. */
  readonly path: readonly PathPartDoc[];
  /** Parameters taken from the query and from fields. */
  readonly query: readonly NamedParameterDoc[];
  readonly fields: readonly NamedParameterDoc[];
  /** The parameter that the request's body is; null: none. */
  readonly body: ParameterDoc | null;
  /** What the reply's body gives; null: nothing. */
  readonly gives: ValueType | null;
  /** Statuses that mean done, and those that mean refused: it did not happen. Any other: it may have. */
  readonly ok: readonly number[];
  readonly refused: readonly number[];
}

export type PathPartDoc = { readonly literal: string } | ParameterDoc;

export interface ParameterDoc {
  readonly parameter: string;
  readonly type: ValueType;
}

/** `name`: of the query's parameter, or of the field (lower case). */
export interface NamedParameterDoc extends ParameterDoc {
  readonly name: string;
}

/** `opaque` is text that the model only compares; `text` it computes with; `json` is read as JSON. */
export type ValueType = "integer" | "opaque" | "text" | "json";

/** Seeded faults: the same seed and the same order of requests give the same faults. */
export interface FaultDoc {
  readonly name: string;
  readonly seed: number;
  /** Names of workloads whose requests are hit; null: all. */
  readonly callers: readonly string[] | null;
  /** Holds a share of the requests back for so long before they are sent. */
  readonly delay: { readonly share: number; readonly delayMs: number } | null;
  /** Resets the caller's connection for a share of the requests, half of them before they are sent, half once answered. */
  readonly reset: { readonly share: number } | null;
  /** SPIFFE IDs of the callers that are hit. Absent: any. */
  readonly identities?: readonly string[];
  /** Answers a share in place of the service. Absent: none. */
  readonly abort?: { readonly share: number; readonly status: number; readonly grpcStatus: number };
  /** Bodies of a share go no faster, each way. Absent: none. */
  readonly bandwidth?: { readonly share: number; readonly bytesPerSecond: number };
}

export interface BackendPolicyDoc extends RequestPolicyDoc {
  readonly picker: PickerName;
  /** Default 1000. */
  readonly connectTimeoutMs: number;
  /** Default for requests without a rule of their own; null: none. */
  readonly requestTimeoutMs: number | null;
  /** Requests that may wait for a ready endpoint. Default 100 (Linkerd). */
  readonly queueMax: number;
  /** After this long without a ready endpoint all requests fail at once until there is one. Default 3000 (Linkerd). */
  readonly failfastMs: number;
  readonly affinity?: AffinityDoc;
  readonly slowStart?: SlowStartDoc;
  readonly zones?: ZonesDoc;
  /** Below this share of usable endpoints all are used, well or not; 0: never. Absent: 0.5 (Envoy). */
  readonly panicThreshold?: number;
  readonly outlier?: OutlierDoc;
  readonly caps?: CapsDoc;
  readonly health?: HealthCheckDoc;
  /** Absent: 20 %, and 10 a second, over 10 s. */
  readonly budget?: BudgetDoc;
}

export interface EndpointsDoc {
  readonly kind: "endpoints";
  readonly namespace: string;
  readonly name: string;
  readonly endpoints: readonly EndpointDoc[];
  readonly slots: SlotsDoc | null;
}

export interface EndpointDoc {
  readonly uid: string;
  readonly workload: string;
  /** The workload's proxy, or, without identities, whatever answers for it. */
  readonly address: Address;
  /** Whom to expect there. Null: a plain connection. */
  readonly identity: SpiffeId | null;
  readonly state: EndpointState;
  readonly zone?: string;
  /** 0, the default, first; the next where those of this do not suffice. */
  readonly priority?: number;
  /** Those that subsets of the service ask for, no others. Absent: none. */
  readonly labels?: Readonly<Record<string, string>>;
}

export type EndpointState =
  | { readonly phase: "ready" }
  /** Finishes what it has; new requests go elsewhere, unless only it may answer. */
  | { readonly phase: "draining" }
  | { readonly phase: "away"; readonly sinceWallMs: number; readonly reason: string };

/** Which workload keeps which slots. */
export interface SlotsDoc {
  /** Grows with each new assignment. */
  readonly assignmentEpoch: number;
  /** Workload uids that own slots, away or not. */
  readonly owners: readonly string[];
  /** For each slot an index into `owners`; its length is the slot count. */
  readonly assignment: readonly number[];
}
