import type { Consistency, Verdict } from "@heddle/mesh/contract/verdict.ts";
import type { ContractDoc } from "@heddle/mesh/model/document.ts";
import type { Condition, Resource } from "@heddle/mesh/resource/meta.ts";

/**
 * heddle's own verbs beside the resources, under `/heddle/v1/`: what the command line asks and what it gets. JSON both
 * ways; a failure is a Kubernetes `Status` object (`api/status.ts`). Times are wall ms, durations ms.
 *
 *   POST apply                   ApplyRequest → ApplyResult      all or nothing; 422 with every error
 *   GET  info                    → MeshInfo
 *   GET  ps                      → WorkloadRow[]
 *   GET  stat?by=services|workloads&namespace=            → StatRow[]     over the last 60 s
 *   GET  edges?namespace=        → EdgeRow[]                              over the last 60 s
 *   GET  endpoints?service=&namespace=                    → EndpointRow[]
 *   GET  revisions               → RevisionRow[]   latest first
 *   GET  revisions/<n>           → RevisionDetail
 *   POST rollback                RollbackRequest → ApplyResult
 *   GET  check                   → CheckData
 *   GET  tap?<TapQuery>          → TapItem, one a line, until the client goes
 *   GET  recorded?<RecordedQuery>    → RecordedLine, one a line    what is kept, oldest first; what live proxies hold; with `follow` what comes
 *   GET  world                   → MeshWorld (`plan/mesh-view.ts`): workloads as the compiler sees them, and slots
 *   GET  constraints?workload=&namespace=                 → Constraint[]  (`model/constraint.ts`)
 *   GET  contracts?service=&namespace=                    → ContractRow[]
 *   POST verdicts                VerdictReport → {}       a condition on the Contract, a metric and an Event
 *   GET  /metrics                Prometheus text of the control plane itself (beside the verbs, at the root)
 *   POST exec                    ExecRequest → ExecGrant, then the stream stays open: its end removes the workload
 */
export const verbsPath = "/heddle/v1/";

export interface ApplyRequest {
  /**
   * Whose set this is, for example the manifest's path: what the owner applied before and is not in `resources` can be
   * pruned. Null: nobody's; such resources stay until deleted.
   */
  readonly owner: string | null;
  /** Who asks, for the revision. */
  readonly author: string;
  /** What they did, for the revision: `apply -f mesh.yaml`. */
  readonly cause: string;
  readonly resources: readonly Resource[];
  /** Delete what the owner applied before and is gone now. Default false: it is listed as `orphaned`. */
  readonly prune: boolean;
  /** Checks and compares only. */
  readonly dryRun: boolean;
}

export interface ApplyResult {
  /** The revision made; the current one where nothing changed. */
  readonly revision: number;
  readonly changes: readonly AppliedChange[];
  /** Things that were applied and will not do all they say, in words. */
  readonly warnings: readonly string[];
}

export interface AppliedChange {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly action: "created" | "configured" | "unchanged" | "pruned" | "orphaned";
}

export interface MeshInfo {
  readonly version: string;
  /** One life of the store. */
  readonly epoch: string;
  readonly revision: number;
  readonly startedWallMs: number;
  /** The first bytes of the root certificate's SHA-256. */
  readonly rootFingerprint: string;
  /** Made at this start? */
  readonly isRootNew: boolean;
  readonly trustDomain: string;
  readonly profile: string;
}

/** One workload, as `ps` and the progress of `up` show it. */
export interface WorkloadRow {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** The Process or Gateway it belongs to; null for `exec`. */
  readonly process: string | null;
  readonly gateway: string | null;
  readonly app: ProcessRow | null;
  readonly proxy: ProcessRow | null;
  /** Its proxy holds the newest documents meant for it. */
  readonly isCurrent: boolean;
  /** Connected to this control plane now. */
  readonly isConnected: boolean;
  /** Counts as an endpoint of its services, or, having none, serves. */
  readonly isReady: boolean;
  readonly isDraining: boolean;
  /** Ports of the application, by name. */
  readonly ports: Readonly<Record<string, number>>;
  /** Where a gateway listens: `http://127.0.0.1:8080`. */
  readonly urls: readonly string[];
  /** Why it is not ready. */
  readonly reason: string | null;
}

export interface ProcessRow {
  readonly phase: string;
  readonly isReady: boolean;
  readonly pid: number | null;
  readonly restarts: number;
  readonly sinceWallMs: number;
  readonly reason: string | null;
}

/** `stat services -o json`: fields as promised to scripts. */
export interface StatRow {
  readonly name: string;
  readonly namespace: string;
  readonly meshed: { readonly ready: number; readonly total: number };
  /** Share of successful answers, 0 to 1; null without any. */
  readonly success: number | null;
  readonly rps: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly tcpConnections: number;
  /** What its callers spoke; of a workload not told. */
  readonly protocols: readonly string[];
}

export interface EdgeRow {
  readonly source: string;
  readonly destination: string;
  readonly sourceNamespace: string;
  readonly destinationNamespace: string;
  readonly clientId: string | null;
  readonly serverId: string | null;
  readonly isSecured: boolean;
  /** What was spoken: `http/1.1`, `h2`, `tls`, `tcp`. */
  readonly protocols: readonly string[];
  readonly requests: number;
  /** Those of octets that nobody has read, `tls` and `tcp`, that are over. */
  readonly connections: number;
}

export interface EndpointRow {
  readonly namespace: string;
  readonly service: string;
  readonly workload: string;
  readonly uid: string;
  /** Where its proxy listens. */
  readonly address: string;
  readonly identity: string | null;
  readonly state: "ready" | "draining" | "away" | "waiting";
  readonly reason: string | null;
  /** How many slots of a Placement it owns; null without one. */
  readonly slots: number | null;
}

export interface RevisionRow {
  readonly revision: number;
  readonly atWallMs: number;
  readonly author: string;
  readonly cause: string;
  /** `+ Service/kvs`, `~ Process/kvs`, `- HTTPRoute/front`. */
  readonly summary: readonly string[];
}

export interface RevisionDetail extends RevisionRow {
  readonly changes: readonly RevisionChange[];
}

/** One object's intent before and after; null where there was none. */
export interface RevisionChange {
  readonly collection: string;
  readonly before: Resource | null;
  readonly after: Resource | null;
}

export interface RollbackRequest {
  /** The revision whose intent shall hold again. */
  readonly revision: number;
  readonly author: string;
}

/** Facts for `heddle check`; the command judges. */
export interface CheckData {
  readonly info: MeshInfo;
  readonly nowWallMs: number;
  readonly rootExpiresWallMs: number;
  readonly workloads: readonly WorkloadRow[];
  /** Documents that proxies could not act on. */
  readonly refusals: readonly {
    readonly workload: string;
    readonly document: string;
    readonly errors: readonly string[];
  }[];
  /** Sockets that could not be bound, with the reason. */
  readonly failedSockets: Readonly<Record<string, string>>;
  /** Conditions that are not as they should be, in words. */
  readonly conditions: readonly {
    readonly resource: string;
    readonly type: string;
    readonly reason: string;
    readonly message: string;
  }[];
  /** What stands of resources that have no conditions: their Events say it, too. */
  readonly warnings: readonly {
    readonly resource: string;
    readonly reason: string;
    readonly message: string;
  }[];
}

/** Query of `tap`; what is absent does not narrow. */
export interface TapQuery {
  /** `service/kvs`, `workload/kvs-0`, `process/kvs`. */
  readonly target?: string;
  readonly namespace?: string;
  readonly method?: string;
  readonly path?: string;
  readonly authority?: string;
  readonly status?: string;
  readonly direction?: string;
  readonly source?: string;
  readonly destination?: string;
  /** `http/1.1`, `h2`, `tls` or `tcp`. */
  readonly protocol?: string;
  /** Requests per second and proxy, at most. Default 100. */
  readonly maxRps?: string;
}

/** A line of a tap: an item of `telemetry/tap.ts` with the workload it was seen at, or a count of what was lost. */
export type TapLine =
  | { readonly workload: string; readonly item: unknown }
  | { readonly dropped: number };

/** Query of `recorded`; what is absent does not narrow. */
export interface RecordedQuery {
  readonly namespace?: string;
  /** Exchanges asked of this service or answered for it: `kvs`. */
  readonly service?: string;
  /** Exchanges recorded by this workload's proxy. */
  readonly workload?: string;
  readonly store?: "whole" | "sampled";
  /** Wall ms. Default: all that is kept. */
  readonly since?: string;
  readonly until?: string;
  /** Of what is kept only the newest so many exchanges, and a few more: whole batches. `complete` tells since when. */
  readonly last?: string;
  /** `true`: goes on until the client goes. */
  readonly follow?: string;
}

/** A Contract with what a check of it needs. */
export interface ContractRow {
  readonly namespace: string;
  readonly name: string;
  readonly service: string;
  /** As in the resource. */
  readonly definition: string;
  readonly consistency: Consistency;
  /** As the proxies have it; null: it does not hold, and the conditions say why. */
  readonly doc: ContractDoc | null;
  readonly conditions: readonly Condition[];
}

export interface VerdictReport {
  readonly namespace: string;
  readonly contract: string;
  readonly verdict: Verdict;
}

export interface ExecRequest {
  readonly name: string;
  readonly namespace: string;
  /** Default: the name. */
  readonly serviceAccountName: string | null;
  /**
   * Process that runs the command: while it lives the workload outlives a control plane that is restarted. Null: the
   * stream's end alone decides.
   */
  readonly pid: number | null;
}

/** First line of the answer; sent once the workload's proxy is ready. */
export interface ExecGrant {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** To be added to the command's environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** `api.json` in the state folder: how the command line finds the API. */
export interface ApiFile {
  readonly address: { readonly host: string; readonly port: number };
  /** File with the bearer token, 0600. */
  readonly tokenFile: string;
  readonly pid: number;
}
