/** What `heddle explain` says of a kind beyond its schema. */
export interface KindHelp {
  /** What it states, in a sentence. */
  readonly about: string;
  /** By path below the object: `spec.key.pathSegment`; lists are gone through by their name alone. */
  readonly fields: Readonly<Record<string, string>>;
  /** An object of the kind, without `apiVersion` and `kind`; null: the control plane makes them. */
  readonly example: object | null;
}

const services = "Services of its namespace.";

const targets = "Services, HTTPRoutes, GRPCRoutes, or rules of these, of its namespace.";
const rule =
  "A rule of the route by name, or by index where it has none. What is said of it wins over its route's, that over the Service's.";

/** By kind. A test holds it to the table of kinds and to their schemas. */
export const kindHelp: Readonly<Record<string, KindHelp>> = {
  Process: {
    about: "A command, how often it runs, and its ports: in a cluster a Deployment.",
    fields: {
      "spec.command": "Program and arguments, no shell; $(PORT) expands as in Kubernetes.",
      "spec.replicas": "How many workloads: <name>-0, <name>-1, …",
      "spec.workingDir": "Default: the manifest's folder; a relative path starts there.",
      "spec.env": "Wins over what heddle sets.",
      "spec.ports":
        "Each workload gets a free port per name, as PORT_<NAME>; the first also as PORT.",
      "spec.ports.number": "What manifests call it, for a numeric targetPort.",
      "spec.ports.bind": "A fixed port instead of a free one; needs one replica.",
      "spec.readinessProbe":
        "One of httpGet, tcpSocket, exec. Default: its ports take connections.",
      "spec.serviceAccountName": "Its identity. Default: the Process's name.",
      "spec.capture":
        "transparent: any program reaches services by name, through its proxy, told nothing; root on Linux. Default: none.",
      "spec.calls": "Services it calls, name or name.namespace. Default: learnt.",
      "spec.terminationGracePeriodSeconds": "From SIGTERM to SIGKILL.",
    },
    example: {
      metadata: { name: "kvs", labels: { app: "kvs" } },
      spec: { replicas: 3, command: ["node", "kvs.ts"], ports: [{ name: "http" }] },
    },
  },
  Service: {
    about: "What callers say: a name for the workloads that its selector selects.",
    fields: {
      "spec.selector": "Labels of workloads of its namespace.",
      "spec.ports.targetPort": "A port of the Process, by name or by its number.",
      "spec.ports.appProtocol":
        "http: HTTP/1.1; kubernetes.io/h2c, grpc: HTTP/2; https: TLS, passed through; tcp and others: octets. Default: found out. Annotation heddle.dev/protocol goes before it.",
    },
    example: {
      metadata: { name: "kvs" },
      spec: { selector: { app: "kvs" }, ports: [{ name: "http", port: 80, targetPort: "http" }] },
    },
  },
  Placement: {
    about:
      "Requests with the same key go to the same process: what a process that keeps state by key needs. It cures a Contract that says Placed=False, KeyMayMove.",
    fields: {
      "spec.targetRefs": services,
      "spec.key": "Where a request carries its key: one of the first five.",
      "spec.key.pathSegment": "Of the path as the process sees it; 1 is the first.",
      "spec.key.query": "The first value of this query parameter.",
      "spec.key.source": "The calling workload.",
      "spec.key.identity": "The caller's identity: one for all workloads of a service account.",
      "spec.key.type": "integer: 7, 007 and %37 are one key.",
      "spec.slots":
        "Keys are hashed to slots, slots given to processes; another count moves nearly every key.",
      "spec.whenAway":
        "While a key's process is away: up to 2 s, then 503; 503 at once; another answers.",
    },
    example: {
      metadata: { name: "kvs-by-key" },
      spec: {
        targetRefs: [{ group: "", kind: "Service", name: "kvs" }],
        key: { pathSegment: 1, type: "integer" },
      },
    },
  },
  Contract: {
    about:
      "What a Service promises its callers, for heddle verify, and what is recorded to check it.",
    fields: {
      "spec.targetRefs": services,
      "spec.definition": "<file>#<export>, or the name of a shipped one; the command line runs it.",
      "spec.consistency": "How strong it is: from one caller's own history to all callers at once.",
      "spec.key":
        "By which parameter operations are apart: filled in with the first that all of them take; without one the whole Service is one object.",
      "spec.sampling.keysPercent": "Share of the keys that are recorded, each of them whole.",
      "spec.values": "How bodies are recorded: as keyed hashes, or as they are.",
      "spec.valueBytesMax": "A longer body is not recorded, in octets.",
      "spec.callerHeader": "Tells callers behind one connection apart.",
      "spec.operations": "The definition's http part as data; apply and up fill it in.",
    },
    example: {
      metadata: { name: "kvs" },
      spec: {
        targetRefs: [{ group: "", kind: "Service", name: "kvs" }],
        definition: "./kvs.contract.ts#kvs",
        consistency: "linearizable",
      },
    },
  },
  Fault: {
    about:
      "Delays, resets, answers and slow bodies that callers' proxies make on purpose, for tests. It goes with the Workload that owns it.",
    fields: {
      "spec.targetRefs": targets,
      "spec.callers": "Workloads whose requests are hit, by name. Default: all.",
      "spec.identities": "Callers by SPIFFE ID; with callers, both must fit. Default: all.",
      "spec.seed": "The same seed and order of requests give the same faults.",
      "spec.delay": "So many of the requests wait so long before they are sent.",
      "spec.reset":
        "The caller's connection is reset for so many, half of them once they are answered.",
      "spec.abort": "So many are answered in place of the service.",
      "spec.abort.httpStatus": "To callers that do not speak gRPC.",
      "spec.bandwidth": "Bodies of so many go no faster, each way.",
    },
    example: {
      metadata: { name: "slow-kvs" },
      spec: {
        targetRefs: [{ group: "", kind: "Service", name: "kvs" }],
        delay: { percent: 10, milliseconds: 200 },
      },
    },
  },
  Rollout: {
    about:
      "Steps a split by schedule while it watches the new backend, goes back by itself, and promotes it at the end.",
    fields: {
      "spec.targetRef":
        "An HTTPRoute or GRPCRoute (and which rule), a TrafficSplit, or a Service, for which it makes a route.",
      "spec.stable": "The Service that answers now.",
      "spec.canary": "The Service that shall.",
      "spec.steps": "Percent of the requests that the canary gets, one after the other.",
      "spec.steps.pause": "How long it is watched before the next.",
      "spec.thresholds.minSuccess": "Below this share of successes it goes back.",
      "spec.thresholds.maxLatencyP99": "Above it, to the reply's head, too. Default: any.",
      "spec.thresholds.minRequests": "Nothing is judged before the canary has answered so many.",
      "spec.paused": "No step is taken while it is true.",
    },
    example: {
      metadata: { name: "recommendation" },
      spec: {
        targetRef: { kind: "HTTPRoute", name: "recommendation" },
        stable: "recommendation-v1",
        canary: "recommendation-v2",
        steps: [
          { weight: 10, pause: "1m" },
          { weight: 50, pause: "5m" },
        ],
        thresholds: { minSuccess: "99.5%", maxLatencyP99: "250ms", minRequests: 100 },
      },
    },
  },
  RetryPolicy: {
    about:
      "Which failed attempts are made again, and how many of them a caller may add. What was surely not processed is always tried again.",
    fields: {
      "spec.targetRefs": targets,
      "spec.targetRefs.sectionName": rule,
      "spec.retry": "Empty: once, for 502 to 504, Unavailable and broken connections.",
      "spec.retry.attempts": "Retries, not tries.",
      "spec.retry.codes": "Statuses that count as failed.",
      "spec.retry.grpcCodes": "Statuses of gRPC that do, before any message.",
      "spec.retry.connectionErrors": "Broken connections, and attempts beyond their time.",
      "spec.retry.backoff":
        "Pause before the first retry; it doubles to backoffMax, with jitter. Retry-After wins.",
      "spec.retry.methods":
        "safe: idempotent ones, and requests with Idempotency-Key. all: POST, too.",
      "spec.retry.bodyBytesMax": "A longer body of a request is not sent again.",
      "spec.hedge":
        "Another endpoint is asked beside one that takes long; the first answer counts. Safe methods only.",
      "spec.budget": "Of a caller's requests so many percent may be retries and hedges.",
      "spec.budget.perSecondMin": "So many a second are free.",
    },
    example: {
      metadata: { name: "kvs-retries" },
      spec: {
        targetRefs: [{ kind: "Service", name: "kvs" }],
        retry: { attempts: 2, codes: [502, 503, 504] },
        budget: { percent: 20 },
      },
    },
  },
  TimeoutPolicy: {
    about: "How long what may take. 0s lifts a limit that is said of the route or the Service.",
    fields: {
      "spec.targetRefs": targets,
      "spec.targetRefs.sectionName": rule,
      "spec.connect": "A TCP and TLS handshake. Default 1s.",
      "spec.request": "The whole exchange, attempts included; then 504.",
      "spec.attempt": "One attempt, to the end of its reply's head; then the next, or 504.",
      "spec.responseHeaders": "From the request's last octet to the reply's head.",
      "spec.idle": "Nothing moves either way for so long.",
      "spec.streamLifetime": "A stream, call or tunnel, whatever goes through it.",
    },
    example: {
      metadata: { name: "kvs-times" },
      spec: {
        targetRefs: [{ kind: "Service", name: "kvs" }],
        request: "2s",
        attempt: "500ms",
      },
    },
  },
  CircuitBreaker: {
    about: "Which endpoints rest because they fail, and how much callers may have open.",
    fields: {
      "spec.targetRefs": targets,
      "spec.targetRefs.sectionName": rule,
      "spec.breaker":
        "An endpoint whose requests fail gets none for a while, then one that decides (Linkerd).",
      "spec.breaker.consecutiveFailures": "0: not counted.",
      "spec.breaker.successRate": "Opens, too, when fewer of the requests in the window succeed.",
      "spec.breaker.penalty": "How long it rests: doubled after each probe that fails.",
      "spec.breaker.ejectedPercentMax": "Share of the endpoints that may rest; at least one may.",
      "spec.outlier": "Looks at all endpoints together, once per interval (Envoy).",
      "spec.outlier.successRate.stdevFactorMilli":
        "Thousandths: ejected is what is below mean - factor x standard deviation.",
      "spec.limits": "Of one caller towards one port. Beyond: queue-full, 503.",
      "spec.queue.requests": "That wait for a ready endpoint.",
      "spec.queue.failfast": "Without one for so long all fail at once.",
    },
    example: {
      metadata: { name: "kvs-breaker" },
      spec: {
        targetRefs: [{ kind: "Service", name: "kvs" }],
        breaker: { consecutiveFailures: 5 },
        limits: { requests: 500 },
      },
    },
  },
  BalancingPolicy: {
    about: "How callers choose among the endpoints of a Service.",
    fields: {
      "spec.targetRefs": targets,
      "spec.targetRefs.sectionName": rule,
      "spec.picker": "Default p2c-ewma; with affinity maglev.",
      "spec.affinity":
        "Requests with the same key tend to go to the same endpoint; it may move, unlike with a Placement.",
      "spec.affinity.keys": "The first that a request has counts.",
      "spec.slowStart": "A new endpoint is given little at first.",
      "spec.zones": "Endpoints of the caller's own zone first.",
      "spec.panicPercent": "Below this share of usable endpoints all are used. Default 50.",
      "spec.subset": "Only endpoints with these labels.",
      "spec.subset.fallback": "Where there is none: any endpoint, or none, 503.",
      "spec.sessionPersistence":
        "A client stays with the endpoint that answered it first (GEP-1619).",
    },
    example: {
      metadata: { name: "kvs-balancing" },
      spec: {
        targetRefs: [{ kind: "Service", name: "kvs" }],
        picker: "maglev",
        affinity: { keys: [{ header: "x-user" }, { source: true }] },
      },
    },
  },
  HealthCheck: {
    about: "Callers ask endpoints whether they are well, whatever requests say.",
    fields: {
      "spec.targetRefs": services,
      "spec.http": "GET path; a status of expectedStatuses is well.",
      "spec.grpc": "grpc.health.v1.Health/Check of a service; empty: of the server.",
      "spec.tcp": "A connection is well.",
      "spec.failureThreshold": "So many in a row take an endpoint out.",
      "spec.successThreshold": "So many in a row bring it back.",
    },
    example: {
      metadata: { name: "kvs-health" },
      spec: {
        targetRefs: [{ kind: "Service", name: "kvs" }],
        http: { path: "/healthz" },
        interval: "2s",
      },
    },
  },
  RateLimit: {
    about:
      "How many requests a Service takes in; beyond them 429. Enforced beside its processes; said of a route, at its backends, for requests that came by it. All limits hold beside each other.",
    fields: {
      "spec.targetRefs": targets,
      "spec.targetRefs.sectionName": "A rule of the route by name, or by index where it has none.",
      "spec.limits.requests": "So many per so long.",
      "spec.limits.burst": "What may come at once. Default: requests.",
      "spec.limits.by":
        "A bucket for each identity, or each value of a header. Default: one for all.",
      "spec.limits.identities": "Callers that it holds for, by SPIFFE ID. Default: all.",
      "spec.limits.scope":
        "service: ready replicas divide it among them. replica: each has all of it.",
    },
    example: {
      metadata: { name: "kvs-rate" },
      spec: {
        targetRefs: [{ kind: "Service", name: "kvs" }],
        limits: [{ requests: 100, per: "1s", by: { identity: true } }],
      },
    },
  },
  ConcurrencyLimit: {
    about:
      "How many requests a process gets at a time, found by its latency, and which go first when there are more: 503, shed.",
    fields: {
      "spec.targetRefs": targets,
      "spec.targetRefs.sectionName": rule,
      "spec.adaptive": "Of Services: between min and max.",
      "spec.adaptive.tolerancePercent":
        "Latency may grow to this share of what it is without load before the limit falls.",
      "spec.priority":
        "0 to 9: 9 is let in before 0, where `adaptive` of a Service lets not all in. Default 5. Of a route: of its requests.",
      "spec.priorityHeader": "A field of requests that says it instead.",
    },
    example: {
      metadata: { name: "kvs-concurrency" },
      spec: {
        targetRefs: [{ kind: "Service", name: "kvs" }],
        adaptive: {},
        priorityHeader: "x-priority",
      },
    },
  },
  Mesh: {
    about: "What holds for the whole mesh. There is one, called mesh, or none.",
    fields: {
      "spec.profile":
        "crawl: no proxies; walk: proxies from files; run: a control plane drives them.",
      "spec.trustDomain": "First part of every identity.",
      "spec.clusterDomain": "Suffix of full names.",
    },
    example: { metadata: { name: "mesh" }, spec: { profile: "run" } },
  },
  GatewayClass: {
    about: "Who acts on Gateways; the class heddle is there from the start.",
    fields: { "spec.controllerName": "heddle.dev/gateway-controller: heddle does." },
    example: {
      metadata: { name: "heddle" },
      spec: { controllerName: "heddle.dev/gateway-controller" },
    },
  },
  Gateway: {
    about: "A way in from outside; of class heddle it runs as workload <name>-0.",
    fields: {
      "spec.listeners":
        "Served are those of protocol HTTP, and TLS with tls.mode Passthrough, for TLSRoutes.",
      "spec.addresses": "IP addresses to listen on. Default: 127.0.0.1.",
    },
    example: {
      metadata: { name: "front" },
      spec: {
        gatewayClassName: "heddle",
        listeners: [{ name: "http", protocol: "HTTP", port: 8080 }],
      },
    },
  },
  HTTPRoute: {
    about: "Which requests go to which service, and how they are changed.",
    fields: {
      "spec.parentRefs": "Services (calls within the mesh) or Gateways (calls from outside).",
      "spec.rules.backendRefs": "Share requests by weight, exactly.",
      "spec.rules.timeouts.request": "The whole exchange, retries included; then 504.",
      "spec.rules.timeouts.backendRequest":
        "Each attempt. One that takes longer has failed, and is tried again where there is a retry.",
      "spec.rules.retry":
        "Broken connections and the statuses of codes are tried again, so often (attempts), never beyond the budget.",
      "spec.rules.sessionPersistence": "A client stays with the endpoint that answered it first.",
      "spec.rules.filters":
        "In this order. One that heddle does not act on (ExtensionRef, ExternalAuth) makes the rule answer 500.",
    },
    example: {
      metadata: { name: "front" },
      spec: {
        parentRefs: [{ name: "front" }],
        rules: [
          {
            matches: [{ path: { type: "PathPrefix", value: "/kvs" } }],
            backendRefs: [{ name: "kvs", port: 80 }],
          },
        ],
      },
    },
  },
  GRPCRoute: {
    about:
      "Which calls of gRPC go to which service. On a port of a Service it goes before an HTTPRoute.",
    fields: {
      "spec.parentRefs": "As those of an HTTPRoute.",
      "spec.rules.matches.method":
        "service and method as in /service/method, or patterns. Default: every call.",
      "spec.rules.backendRefs": "Share calls by weight, exactly.",
    },
    example: {
      metadata: { name: "payments" },
      spec: {
        parentRefs: [{ group: "", kind: "Service", name: "payments" }],
        rules: [
          {
            matches: [{ method: { service: "shop.v1.Payments" } }],
            backendRefs: [{ name: "payments", port: 50051 }],
          },
        ],
      },
    },
  },
  TLSRoute: {
    about:
      "Which TLS connections go to which service, by the server name they ask for. Nobody on the way reads more of them.",
    fields: {
      "spec.parentRefs":
        "Gateways with a listener of protocol TLS and mode Passthrough, or Services (calls within the mesh).",
      "spec.hostnames":
        "Server names (SNI); *.example.com means any number of labels before it. An exact one wins, then the longest.",
      "spec.rules.backendRefs":
        "Share connections by weight, exactly. Ports that carry TLS, declared or found out.",
    },
    example: {
      metadata: { name: "front" },
      spec: {
        parentRefs: [{ name: "front" }],
        hostnames: ["kvs.example.com"],
        rules: [{ backendRefs: [{ name: "kvs", port: 443 }] }],
      },
    },
  },
  TCPRoute: {
    about: "Where connections go whose octets nobody on the way reads.",
    fields: {
      "spec.parentRefs":
        "Services (calls within the mesh); ports that carry octets, or nobody knows what: these are carried as octets from then on.",
      "spec.rules.backendRefs": "Share connections by weight, exactly.",
    },
    example: {
      metadata: { name: "db" },
      spec: {
        parentRefs: [{ group: "", kind: "Service", name: "db" }],
        rules: [{ backendRefs: [{ name: "db-new", port: 5432 }] }],
      },
    },
  },
  UDPRoute: {
    about: "Where datagrams go. UDP is not carried yet: it is read, and told so.",
    fields: { "spec.rules.backendRefs": "Share datagrams by weight." },
    example: {
      metadata: { name: "dns" },
      spec: {
        parentRefs: [{ group: "", kind: "Service", name: "dns" }],
        rules: [{ backendRefs: [{ name: "dns", port: 53 }] }],
      },
    },
  },
  ReferenceGrant: {
    about:
      "Lets others point into its namespace: routes of a Gateway at Services here. Within the mesh none is needed.",
    fields: {
      "spec.from": "Kinds and namespaces of who may.",
      "spec.to": "At what; without a name at all of that kind.",
    },
    example: {
      metadata: { name: "from-edge", namespace: "shop" },
      spec: {
        from: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "edge" }],
        to: [{ group: "", kind: "Service" }],
      },
    },
  },
  BackendTLSPolicy: {
    about:
      "The proxy beside a process speaks TLS to it. Between proxies it is mTLS, whatever this says.",
    fields: {
      "spec.targetRefs": "Services of its namespace; sectionName is the name of a port.",
      "spec.validation.hostname":
        "What the proxy asks for (SNI), and whose certificate it wants unless subjectAltNames say.",
      "spec.validation.caCertificateRefs": "ConfigMaps with ca.crt.",
      "spec.validation.wellKnownCACertificates": "System: those of the machine.",
    },
    example: {
      metadata: { name: "vault" },
      spec: {
        targetRefs: [{ group: "", kind: "Service", name: "vault" }],
        validation: {
          hostname: "vault.example.com",
          caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "vault-ca" }],
        },
      },
    },
  },
  XBackendTrafficPolicy: {
    about: "How many retries callers may add to a Service's load, and sessions with its endpoints.",
    fields: {
      "spec.targetRefs": services,
      "spec.retryConstraint.budget": "Share of the requests of interval that may be retries.",
      "spec.retryConstraint.minRetryRate": "So many may be in any case.",
      "spec.sessionPersistence": "A rule's own goes before it.",
    },
    example: {
      metadata: { name: "kvs" },
      spec: {
        targetRefs: [{ group: "", kind: "Service", name: "kvs" }],
        retryConstraint: { budget: { percent: 10, interval: "10s" } },
      },
    },
  },
  XMesh: {
    about:
      "That there is a mesh; the control plane makes the one called heddle at its first start.",
    fields: {
      "spec.controllerName": "heddle.dev/gateway-controller: this one. Others are left alone.",
      "status.supportedFeatures": "What of the Gateway API it does, by name.",
    },
    example: {
      metadata: { name: "heddle" },
      spec: { controllerName: "heddle.dev/gateway-controller" },
    },
  },
  ConfigMap: {
    about: "Texts by name. heddle reads ca.crt, for BackendTLSPolicies.",
    fields: { data: "Certificates of authorities in ca.crt, as PEM." },
    example: { metadata: { name: "vault-ca" }, data: { "ca.crt": "" } },
  },
  HTTPRouteGroup: {
    about: "Requests by path, method and headers, for TrafficSplits to pick (SMI).",
    fields: {
      "spec.matches":
        "One of them is enough. Conditions within one hold all at once; what is not said holds.",
      "spec.matches.pathRegex":
        "What the path begins with; /metrics is the beginning of /metrics/x, too.",
      "spec.matches.headers":
        "Names with patterns that the whole value fits. A header that is not there fits none.",
      matches: "In place of spec.matches, as versions before v1alpha3 write it.",
      "matches.headers": "As in spec.matches.",
    },
    example: {
      metadata: { name: "firefox" },
      spec: { matches: [{ name: "firefox", headers: [{ "user-agent": ".*Firefox.*" }] }] },
    },
  },
  "TCPRoute.specs.smi-spec.io": {
    about: "Ports, for TrafficTargets to allow (SMI). It sends nothing anywhere.",
    fields: { "spec.matches.ports": "Empty: every port." },
    example: { metadata: { name: "mysql" }, spec: { matches: { ports: [3306] } } },
  },
  "UDPRoute.specs.smi-spec.io": {
    about: "Ports of UDP, for TrafficTargets to allow (SMI). UDP is not carried.",
    fields: { "spec.matches.ports": "Empty: every port." },
    example: { metadata: { name: "dns" }, spec: { matches: { ports: [53] } } },
  },
  TrafficSplit: {
    about: "Shares of one service's traffic for other services (SMI).",
    fields: {
      "spec.service": "The root: what callers call. Of the split's own namespace.",
      "spec.matches":
        "HTTPRouteGroups: requests that fit one are split, all others go to the root.",
      "spec.backends.service":
        "It takes part in ports that it has itself, by number. The root may be one of them.",
      "spec.backends.weight":
        "Its share is weight / sum. A backend that is not there: its share gets 503.",
    },
    example: {
      metadata: { name: "kvs-rollout" },
      spec: {
        service: "kvs",
        backends: [
          { service: "kvs-v1", weight: 90 },
          { service: "kvs-v2", weight: 10 },
        ],
      },
    },
  },
  Workload: {
    about:
      "One running process. The control plane makes one for each replica of a Process and for each Gateway.",
    fields: {
      "status.inbound": "Where its proxy takes what others send it.",
      "status.ports": "Where the process listens.",
    },
    example: null,
  },
  Event: {
    about: "Something that happened to an object; kept for an hour. The control plane writes them.",
    fields: { count: "How often it happened, from firstTimestamp to lastTimestamp." },
    example: null,
  },
};
