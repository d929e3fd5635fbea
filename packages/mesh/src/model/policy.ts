/**
 * What policies say, as data: how requests of a service or of one rule are tried, limited, balanced and struck. A rule's own word
 * wins over its service's, field by field. What is absent is not done, or as `docs/defaults.md` says. Times in ms, shares 0 to 1.
 */

/** Of requests: said by a rule, or by the service for all that no rule says otherwise. Enforced by the caller's proxy. */
export interface RequestPolicyDoc {
  /** One attempt, from its beginning to the end of its reply's head. Expiry is a failed attempt. */
  readonly attemptTimeoutMs?: number;
  /** From the request's last octet to the reply's head. */
  readonly headTimeoutMs?: number;
  /** Nothing moves either way for so long. */
  readonly idleTimeoutMs?: number;
  /** A stream, call or tunnel, whatever goes through it. */
  readonly lifetimeMs?: number;
  readonly retry?: RetryDoc;
  readonly hedge?: HedgeDoc;
  /** Accrues failures of its own, apart from those of the whole service. */
  readonly breaker?: BreakerDoc;
  readonly session?: SessionDoc;
  readonly subset?: SubsetDoc;
}

/** When a failed attempt is tried again, beyond what surely was not processed: that always is. A budget bounds all of it. */
export interface RetryDoc {
  /** Retries, not tries. */
  readonly retriesMax: number;
  /** Statuses that count as failed. */
  readonly codes: readonly number[];
  /** Statuses of gRPC that do, in a head or in trailers before any message. */
  readonly grpcCodes: readonly number[];
  /** Are broken connections and attempts beyond their time tried again? */
  readonly connectionErrors: boolean;
  /** Pause before the first retry; it doubles up to `maxMs`, each with jitter. `Retry-After` and gRPC's pushback win. */
  readonly backoff: { readonly baseMs: number; readonly maxMs: number };
  /** `safe`: idempotent methods and requests with `Idempotency-Key`. `all`: every method, by explicit word. */
  readonly methods: "safe" | "all";
  /** Octets of a request's body kept for another attempt. */
  readonly bodyBytesMax: number;
}

/** A second attempt beside the first, where that takes long; the first answer counts. Safe methods and `Idempotency-Key` only. */
export interface HedgeDoc {
  readonly delayMs: number;
  /** Attempts at a time, the first included. */
  readonly attemptsMax: number;
}

/** How many retries and hedges a caller may add to a service's load (Linkerd ServiceProfile; GEP-3388). */
export interface BudgetDoc {
  /** Share of its requests. */
  readonly ratio: number;
  readonly perSecondMin: number;
  readonly windowMs: number;
}

/** Takes an endpoint out of the choice when its requests fail, and asks it again by one of them after a pause. */
export interface BreakerDoc {
  /** Failures in a row; 0: not counted (Linkerd `max-failures` 7). */
  readonly failuresMax: number;
  /** Share of successes below which it opens, over a window with enough requests; null: not counted (Linkerd unified). */
  readonly rate: {
    readonly successMin: number;
    readonly windowMs: number;
    readonly requestsMin: number;
  } | null;
  /** The pause; it doubles with each failed probe. */
  readonly penalty: { readonly minMs: number; readonly maxMs: number; readonly jitter: number };
  /** Share of the endpoints that may be out at a time; at least one may. */
  readonly ejectedMax: number;
}

/** Envoy's outlier detection: looks at all endpoints of a service together, once per interval. */
export interface OutlierDoc {
  readonly intervalMs: number;
  /** Answers 5xx in a row that eject at once; 0: not counted. */
  readonly consecutive5xx: number;
  /** An ejection lasts so long, times how often in a row, up to `maxMs`. */
  readonly ejection: { readonly baseMs: number; readonly maxMs: number };
  readonly ejectedMax: number;
  /** Ejects whose success rate is below mean − factor × standard deviation. Null: not done. */
  readonly successRate: {
    readonly hostsMin: number;
    readonly requestsMin: number;
    readonly stdevFactor: number;
  } | null;
  /** Ejects whose share of failures reaches the threshold. Null: not done. */
  readonly failureShare: {
    readonly threshold: number;
    readonly hostsMin: number;
    readonly requestsMin: number;
  } | null;
}

/** Of one caller towards one service port. Absent: no such limit beyond those of pools. */
export interface CapsDoc {
  readonly connectionsMax?: number;
  /** Requests that wait for a connection. */
  readonly pendingMax?: number;
  readonly requestsMax?: number;
  /** Retries going on at a time. */
  readonly retriesMax?: number;
}

/** Asks endpoints whether they are well, whatever requests say. */
export interface HealthCheckDoc {
  readonly check:
    | {
        readonly protocol: "http";
        readonly path: string;
        readonly statuses: readonly [number, number];
      }
    /** `grpc.health.v1.Health/Check`. */
    | { readonly protocol: "grpc"; readonly service: string }
    | { readonly protocol: "tcp" };
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Failures in a row that take it out, successes that bring it back. */
  readonly unhealthyAfter: number;
  readonly healthyAfter: number;
}

/** All pickers by name; `balance/index.ts` is the table. */
export const pickerNames = [
  "p2c-ewma",
  "least-request",
  "round-robin",
  "random",
  "ring-hash",
  "maglev",
] as const;
export type PickerName = (typeof pickerNames)[number];

/** Where a request carries what tends to keep it at one endpoint. It may move, unlike a Placement's key. */
export type AffinityKeyDoc =
  | { readonly kind: "header"; readonly name: string }
  | { readonly kind: "cookie"; readonly name: string }
  /** Counts from 1. */
  | { readonly kind: "path-segment"; readonly index: number }
  | { readonly kind: "query"; readonly name: string }
  | { readonly kind: "source" }
  | { readonly kind: "identity" };

/** For `ring-hash` and `maglev`. */
export interface AffinityDoc {
  /** The first that a request has counts; one without any goes anywhere. */
  readonly keys: readonly AffinityKeyDoc[];
  /** Least entries of a ring, or size of Maglev's table (a prime). Absent: by the number of endpoints. */
  readonly tableSize?: number;
}

/** A new endpoint is given little at first (Envoy `slow_start_config`). */
export interface SlowStartDoc {
  readonly windowMs: number;
  readonly aggression: number;
  readonly weightMin: number;
}

/** Endpoints of the caller's own zone first, others as far as those do not suffice. */
export interface ZonesDoc {
  /** Below so many endpoints zones say nothing. */
  readonly endpointsMin: number;
  /** Own zone suffices while its share of well endpoints × this is 1 or more (Envoy's overprovisioning factor 1.4). */
  readonly overprovisioning: number;
}

/** Only endpoints whose labels say so. */
export interface SubsetDoc {
  readonly labels: readonly SubsetLabelDoc[];
  /** Where no endpoint has them: any, or none. */
  readonly fallback: "any" | "none";
}

/** A label's value as said here, or as the request's header says. */
export interface SubsetLabelDoc {
  readonly label: string;
  readonly is: { readonly value: string } | { readonly header: string };
}

/** A client stays with the endpoint that answered it first, by a token it brings back (GEP-1619). */
export interface SessionDoc {
  readonly in:
    | {
        readonly kind: "cookie";
        readonly name: string;
        readonly path: string;
        readonly permanent: boolean;
      }
    | { readonly kind: "header"; readonly name: string };
  /** Null: it lasts as long as the client keeps the token. */
  readonly absoluteTimeoutMs: number | null;
}

/** What a destination takes in, decided by its own proxy before anything is sent to the process. */
export interface AdmissionDoc {
  readonly rates: readonly RateLimitDoc[];
  readonly concurrency: ConcurrencyDoc | null;
}

/** A token bucket, or one for each of what `by` tells apart. */
export interface RateLimitDoc {
  /** `RateLimit/<namespace>/<name>`, with the index of its limit. */
  readonly name: string;
  /** Only requests of this rule or route (`<kind>/<namespace>/<name>[#rule]`); null: all. */
  readonly route: string | null;
  readonly by:
    | { readonly kind: "all" }
    | { readonly kind: "identity" }
    | { readonly kind: "header"; readonly name: string };
  /** SPIFFE IDs it holds for; null: any. */
  readonly identities: readonly string[] | null;
  /** So many requests per so long; the bucket holds `burst`. */
  readonly requests: number;
  readonly perMs: number;
  readonly burst: number;
  /** `service`: each replica grants its part, requests ÷ ready replicas. */
  readonly scope: "replica" | "service";
}

/** As many requests at a time as the process can take, found by its latency (Envoy's gradient, Netflix concurrency-limits). */
export interface ConcurrencyDoc {
  readonly min: number;
  readonly initial: number;
  readonly max: number;
  /** Latency may grow by this factor before the limit falls. */
  readonly tolerance: number;
  /** Of requests of which nothing else says it, 0 to 9: 9 is let in before 0. */
  readonly priority: number;
  /** Field that says a request's priority; null: none does. */
  readonly priorityHeader: string | null;
  /** Of requests that came by a rule or route (`<kind>/<namespace>/<name>[#rule]`), the rules before their routes. */
  readonly priorities: readonly { readonly route: string; readonly priority: number }[];
}

/** TLS from a destination's proxy to its own process (BackendTLSPolicy). */
export interface BackendTlsDoc {
  readonly serverName: string;
  /** PEM of those it trusts; null: the system's. */
  readonly ca: string | null;
  /** Names one of which its certificate must have: a host name, or a URI. */
  readonly names: readonly string[];
  /** Why nothing can be sent; null: it can. */
  readonly fails: string | null;
}
