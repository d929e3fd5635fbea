/**
 * Between the supervisor (`heddle up`) and the control plane, its child: JSON messages over Node's IPC channel. The
 * supervisor has no opinion: it keeps the last Desired it was given, also while the control plane is away, and reports
 * what is. Sockets are bound by the supervisor and passed to the processes by name.
 */
export type ToHost = Desired | TokenIssued;
export type FromHost = Observed | SocketsBound | SocketPassed | TokenRequest | HostEvent;

/** The whole of what should run. Sent again whenever it changes; the same uid with the same spec is left alone. */
export interface Desired {
  readonly type: "desired";
  /** Sockets to bind now and keep, whoever uses them. */
  readonly sockets: readonly SocketSpec[];
  readonly workloads: readonly WorkloadSpec[];
}

/** A listening socket, bound once and kept until no longer named. */
export interface SocketSpec {
  /**
   * For example `kvs-0.default/inbound`, `kvs-0.default/outbound/default/kvs:80`, `front-0.default/gateway/http`. Names
   * that begin with `control/` are the control plane's own: it gets them as SocketPassed, again after each restart.
   */
  readonly name: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Default `tcp`. */
  readonly protocol?: "tcp" | "udp";
}

export interface WorkloadSpec {
  readonly uid: string;
  /** `kvs-0` */
  readonly name: string;
  readonly namespace: string;
  /** Null for a workload that is a proxy only (a gateway), or whose application runs elsewhere (`exec`). */
  readonly app: AppSpec | null;
  readonly proxy: ProxySpec | null;
  /** Goes: its application is sent SIGTERM once `drain` has been carried out, and the proxy ends last. */
  readonly drain: boolean;
  /**
   * Its application may be ended now, where `app` says another thing than it runs as (`isOutdated`): callers know. One that
   * does not run starts as `app` says without being allowed to.
   */
  readonly mayRestart: boolean;
}

export interface AppSpec {
  /** argv; `$(NAME)` is expanded from `env` as in Kubernetes. */
  readonly command: readonly string[];
  readonly cwd: string;
  /**
   * `{{port:<name>}}` becomes the number of a port of its own, of a socket, or, as `<uid>/<name>`, of another workload's
   * application.
   */
  readonly env: Readonly<Record<string, string>>;
  /** Ports the application itself will bind: found free by the supervisor, kept over restarts. */
  readonly ports: readonly { readonly name: string; readonly bind: number | null }[];
  readonly readiness: ReadinessProbe | null;
  readonly restart: "always" | "never";
  /** From SIGTERM to SIGKILL, in ms. Default 10,000. */
  readonly graceMs: number;
  /** Changes with the files of a `--watch`ed Process, to restart it. */
  readonly generation: number;
  /** Its connections to services are led to its proxy by the kernel. Absent: they are not. */
  readonly capture?: CaptureSpec;
}

/** Begins the reason of a workload that does not run because it cannot be captured. */
export const capturePrefix = "capture: ";

/** What rules are made of for a captured application. Sockets are named; their ports are the supervisor's. */
export interface CaptureSpec {
  /** What is sent to `address`:`port` goes to this socket. They may change while it runs. */
  readonly redirects: readonly {
    readonly address: string;
    readonly port: number;
    readonly socket: string;
  }[];
  /** Sockets where questions for names go, whatever server they are sent to. */
  readonly names: { readonly tcp: string; readonly udp: string };
}

export interface ReadinessProbe {
  readonly action:
    | {
        readonly kind: "http";
        readonly path: string;
        readonly port: string;
        /** Does the process speak TLS? Absent: no. */
        readonly isTls?: boolean;
      }
    | { readonly kind: "tcp"; readonly port: string }
    | { readonly kind: "exec"; readonly command: readonly string[] };
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly failureThreshold: number;
  readonly successThreshold: number;
}

export interface ProxySpec {
  /** Names of sockets it listens on. */
  readonly sockets: readonly string[];
  readonly stateDir: string;
  /** Name of the socket that the control plane's proxy door listens on. */
  readonly controlSocket: string;
}

/** A proxy asks, through its supervisor, for a token to enrol its new key with. */
export interface TokenRequest {
  readonly type: "token-wanted";
  readonly workloadUid: string;
  readonly keyFingerprint: string;
}

/** Good once, for 60 s, for this workload and key; passed on over the proxy's inherited channel. */
export interface TokenIssued {
  readonly type: "token";
  readonly workloadUid: string;
  readonly token: string;
  readonly bundlePem: string;
}

export interface SocketsBound {
  readonly type: "sockets";
  readonly ports: Readonly<Record<string, number>>;
  /** Sockets that could not be bound, with the reason. */
  readonly failed: Readonly<Record<string, string>>;
}

/** A `control/…` socket, its handle passed with the message: bound, and kept by the supervisor as well. */
export interface SocketPassed {
  readonly type: "socket";
  readonly name: string;
}

/** State of every workload, sent on each change and when a control plane (re)starts. */
export interface Observed {
  readonly type: "observed";
  readonly workloads: readonly WorkloadObserved[];
}

export interface WorkloadObserved {
  readonly uid: string;
  readonly app: ProcessObserved | null;
  readonly proxy: ProcessObserved | null;
  /** Its application runs as an earlier spec said. */
  readonly isOutdated: boolean;
  /** Port numbers of the application, by name. */
  readonly ports: Readonly<Record<string, number>>;
}

export interface ProcessObserved {
  readonly phase: "starting" | "running" | "backoff" | "exited" | "stopping";
  readonly ready: boolean;
  readonly pid: number | null;
  /** How often it ended by itself and was started again. */
  readonly restarts: number;
  /** Why it is not ready: `readiness: connection refused`, `exited with code 1`, `killed by SIGKILL`. */
  readonly reason: string | null;
  readonly sinceWallMs: number;
  /** When the one that runs now, or ran last, was started: monotonic ms of the host. Null: none was. */
  readonly startedMs: number | null;
}

export interface HostEvent {
  readonly type: "event";
  readonly workloadUid: string;
  readonly message: string;
}
