import type { Counter, Family, Gauge, Metrics } from "../telemetry/metrics.ts";
import { destinationOf } from "../telemetry/proxy-metrics.ts";
import type { Backend } from "../upstream/backend.ts";
import type { Upstream } from "../upstream/upstream.ts";

const subject = ["dst_namespace", "dst_service", "dst_port"] as const;
type Subject = (typeof subject)[number];

/**
 * What the choice of endpoints has come to, for each service port that this proxy calls: read off when somebody asks, so that nothing is
 * counted twice on the way of a request. Names are Linkerd's where it has them.
 */
export class BalancerMetrics {
  readonly #endpoints: Family<Gauge, Subject | "endpoint_state">;
  readonly #eligible: Family<Gauge, Subject>;
  readonly #queued: Family<Gauge, Subject>;
  readonly #panicPicks: Family<Counter, Subject>;
  readonly #ejections: Family<Counter, Subject>;
  readonly #returns: Family<Counter, Subject>;
  readonly #refused: Family<Counter, Subject | "what">;
  /** Those that were told, to be told as empty once they are gone. */
  readonly #told = new Map<string, Record<Subject, string>>();

  constructor(metrics: Metrics, upstream: Upstream) {
    this.#endpoints = metrics.gauge(
      "outbound_http_balancer_endpoints",
      "Endpoints of a service: ready to be picked; pending, which it is away, draining, broken or sick.",
      [...subject, "endpoint_state"],
    );
    this.#eligible = metrics.gauge(
      "outbound_http_balancer_p2c_endpoints",
      "Endpoints that the picker chooses among.",
      subject,
    );
    this.#queued = metrics.gauge(
      "outbound_http_balancer_queue_length",
      "Requests that wait for an endpoint.",
      subject,
    );
    this.#panicPicks = metrics.counter(
      "heddle_balancer_panic_picks_total",
      "Picks among all endpoints, well or not, because too few were well.",
      subject,
    );
    this.#ejections = metrics.counter(
      "heddle_balancer_ejections_total",
      "Endpoints taken out by a breaker or as outliers.",
      subject,
    );
    this.#returns = metrics.counter(
      "heddle_balancer_returns_total",
      "Endpoints that came back from there.",
      subject,
    );
    this.#refused = metrics.counter(
      "heddle_balancer_refused_total",
      "Requests and retries beyond their caps.",
      [...subject, "what"],
    );
    metrics.onCollect(() => {
      const seen = new Set<string>();
      for (const backend of upstream.backends()) {
        if (backend.service !== "") seen.add(this.#tell(backend));
      }
      for (const [key, labels] of this.#told) if (!seen.has(key)) this.#forget(key, labels);
    });
  }

  #tell(backend: Backend): string {
    const labels = { ...destinationOf(backend.service), dst_port: String(backend.port) };
    const key = `${backend.service}:${backend.port}`;
    this.#told.set(key, labels);
    const { choice, caps, spec } = backend;
    const ready = spec.members.filter(
      ({ target, phase }) => phase === "ready" && !target.isAway && target.health.isWell,
    ).length;
    this.#count(labels, ready, spec.members.length - ready);
    this.#eligible.child(labels).set(choice.count);
    this.#queued.child(labels).set(backend.waitingCount);
    this.#panicPicks.child(labels).value = choice.panics;
    this.#ejections.child(labels).value = choice.group.ejections;
    this.#returns.child(labels).value = choice.group.returns;
    this.#refused.child({ ...labels, what: "requests" }).value = caps.refusedRequests;
    this.#refused.child({ ...labels, what: "retries" }).value = caps.refusedRetries;
    return key;
  }

  #count(labels: Record<Subject, string>, ready: number, pending: number): void {
    this.#endpoints.child({ ...labels, endpoint_state: "ready" }).set(ready);
    this.#endpoints.child({ ...labels, endpoint_state: "pending" }).set(pending);
  }

  #forget(key: string, labels: Record<Subject, string>): void {
    this.#told.delete(key);
    this.#count(labels, 0, 0);
    this.#eligible.child(labels).set(0);
    this.#queued.child(labels).set(0);
  }
}
