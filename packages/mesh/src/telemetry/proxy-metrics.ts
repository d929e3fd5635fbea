import type { Direction } from "../history/exchange.ts";
import type { CarriedProtocol } from "../model/protocol.ts";
import { type ServiceKey, splitServiceKey } from "../model/service-key.ts";
import type { BucketHistogram, Counter, Family, Gauge, Labels, Metrics } from "./metrics.ts";
import type { Outcome } from "./outcome.ts";
import type { ExchangeRecord } from "./record.ts";
import { RetryMetrics } from "./retry-metrics.ts";

/** Milliseconds, as Linkerd's `response_latency_ms`. */
const latencyBoundsMs: readonly number[] = [1, 10, 100, 1000, 10_000].flatMap((unit) =>
  [1, 2, 3, 4, 5].map((step) => unit * step),
);

const subject = [
  "direction",
  "authority",
  "dst_namespace",
  "dst_service",
  "dst_pod",
  "route_name",
  "client_id",
  "server_id",
  "tls",
] as const;
type Subject = (typeof subject)[number];

/**
 * The families of the data path. Names and labels are Linkerd's where it has them, so that dashboards made for it read
 * ours (its proxy metrics reference); what it does not have begins with `heddle_`. `of` is what the handle's labels are
 * read from.
 */
export class ProxyMetrics {
  readonly #requests: Family<Counter, Subject>;
  readonly #responses: Family<Counter, Subject | "classification" | "status_code" | "grpc_status">;
  readonly #latency: Family<BucketHistogram, Subject>;
  readonly #exchanges: Family<
    Counter,
    "direction" | "dst_namespace" | "dst_service" | "origin" | "reason"
  >;
  readonly #egress: Family<Counter, "classification">;
  readonly #opened: Family<Counter, "direction" | "peer" | "dst_namespace" | "dst_service">;
  readonly #closed: Family<Counter, "direction" | "peer" | "dst_namespace" | "dst_service">;
  readonly #receivedBytes: Family<Counter, "direction" | "peer" | "dst_namespace" | "dst_service">;
  readonly #sentBytes: Family<Counter, "direction" | "peer" | "dst_namespace" | "dst_service">;
  readonly #open: Family<Gauge, "direction" | "peer" | "dst_namespace" | "dst_service">;
  readonly #limits: Family<Counter, "limit">;
  readonly #detected: Family<Counter, "protocol" | "reason">;
  readonly #detectLatency: Family<BucketHistogram, "protocol">;
  readonly retries: RetryMetrics;
  readonly #clusterDomain: string;

  /** @param clusterDomain of the label `authority`: `kvs.default.svc.<domain>:80`. */
  constructor(metrics: Metrics, clusterDomain: string) {
    this.#clusterDomain = clusterDomain;
    this.retries = new RetryMetrics(metrics);
    this.#requests = metrics.counter("request_total", "Requests received.", subject);
    this.#responses = metrics.counter("response_total", "Replies sent, whole or broken off.", [
      ...subject,
      "classification",
      "status_code",
      "grpc_status",
    ]);
    this.#latency = metrics.histogram(
      "response_latency_ms",
      "Time from a request's head to its reply's head, in ms.",
      subject,
      latencyBoundsMs,
    );
    const exchange = ["direction", "dst_namespace", "dst_service", "origin", "reason"] as const;
    this.#exchanges = metrics.counter(
      "heddle_exchanges_total",
      "Exchanges by who made the reply and, where the world failed them, why.",
      exchange,
    );
    this.#egress = metrics.counter("heddle_egress_total", "Exchanges with the world outside.", [
      "classification",
    ]);
    const connection = ["direction", "peer", "dst_namespace", "dst_service"] as const;
    this.#opened = metrics.counter("tcp_open_total", "Connections opened.", connection);
    this.#closed = metrics.counter("tcp_close_total", "Connections closed.", connection);
    this.#receivedBytes = metrics.counter(
      "tcp_read_bytes_total",
      "Octets received on connections, without those that TLS adds.",
      connection,
    );
    this.#sentBytes = metrics.counter(
      "tcp_write_bytes_total",
      "Octets sent on connections, without those that TLS adds.",
      connection,
    );
    this.#open = metrics.gauge("tcp_open_connections", "Connections open now.", connection);
    this.#limits = metrics.counter(
      "heddle_limit_total",
      "Times a limit held out against a peer that asked too much.",
      ["limit"],
    );
    this.#detected = metrics.counter(
      "heddle_detect_total",
      "Connections on ports that declare nothing, by what they were found to carry, and how.",
      ["protocol", "reason"],
    );
    this.#detectLatency = metrics.histogram(
      "heddle_detect_latency_ms",
      "Time from such a connection's begin until it was known what it carries, in ms.",
      ["protocol"],
      latencyBoundsMs,
    );
  }

  requests(of: ExchangeRecord): Counter {
    return this.#requests.child(this.#subjectOf(of));
  }

  responses(
    of: ExchangeRecord,
    ending: {
      readonly outcome: Exclude<Outcome, "cancelled">;
      readonly status: number;
      /** -1: it is no gRPC, or none came. */
      readonly grpcStatus: number;
    },
  ): Counter {
    return this.#responses.child({
      ...this.#subjectOf(of),
      classification: ending.outcome,
      status_code: ending.status === 0 ? "" : String(ending.status),
      grpc_status: ending.grpcStatus < 0 ? "" : String(ending.grpcStatus),
    });
  }

  latency(of: ExchangeRecord): BucketHistogram {
    return this.#latency.child(this.#subjectOf(of));
  }

  /** Counted once per exchange; at egress in `heddle_egress_total`. */
  exchanges(
    of: ExchangeRecord,
    ending: Pick<ExchangeRecord, "origin" | "reason"> & { readonly outcome: Outcome },
  ): Counter {
    const { direction } = of;
    const { origin, reason, outcome } = ending;
    if (direction === "egress") return this.#egress.child({ classification: outcome });
    return this.#exchanges.child({
      ...destinationOf(of.backend ?? of.service),
      direction,
      origin,
      reason: reason ?? "",
    });
  }

  /** Handles for the connections of one kind. */
  connections(direction: Direction, service: string, peer: "src" | "dst"): ConnectionHandles {
    const labels = { ...destinationOf(service), direction, peer };
    return {
      opened: this.#opened.child(labels),
      closed: this.#closed.child(labels),
      receivedBytes: this.#receivedBytes.child(labels),
      sentBytes: this.#sentBytes.child(labels),
      open: this.#open.child(labels),
    };
  }

  limit(name: string): Counter {
    return this.#limits.child({ limit: name });
  }

  detected(protocol: CarriedProtocol, reason: string): Counter {
    return this.#detected.child({ protocol, reason });
  }

  detectLatency(protocol: CarriedProtocol): BucketHistogram {
    return this.#detectLatency.child({ protocol });
  }

  #subjectOf(record: ExchangeRecord): Labels<Subject> {
    const destination = destinationOf(record.backend ?? record.service);
    const { dst_namespace: namespace, dst_service: service } = destination;
    const port = record.backend === null ? record.servicePort : record.backendPort;
    const isInbound = record.direction === "inbound";
    return {
      ...destination,
      direction: record.direction,
      // Linkerd has it at outbound only; and never from the request itself, which could name anything.
      authority:
        isInbound || service === ""
          ? ""
          : `${service}.${namespace}.svc.${this.#clusterDomain}:${port}`,
      dst_pod: record.endpointName ?? "",
      route_name: record.route ?? "",
      client_id: isInbound ? (record.sourceId ?? "") : "",
      server_id: isInbound ? "" : (record.destinationId ?? ""),
      tls: record.tls ? "true" : "no_identity",
    };
  }
}

export interface ConnectionHandles {
  readonly opened: Counter;
  readonly closed: Counter;
  readonly receivedBytes: Counter;
  readonly sentBytes: Counter;
  readonly open: Gauge;
}

/** The labels that name a service as one that is called. */
export function destinationOf(service: ServiceKey): Labels<"dst_namespace" | "dst_service"> {
  const { namespace, name } = splitServiceKey(service);
  return { dst_namespace: namespace, dst_service: name };
}
