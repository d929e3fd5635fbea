import type { ServiceKey } from "../model/service-key.ts";
import type { Counter, Family, Gauge, Metrics } from "../telemetry/metrics.ts";
import { destinationOf } from "../telemetry/proxy-metrics.ts";
import type { Admissions } from "./admissions.ts";

const subject = ["dst_namespace", "dst_service"] as const;
type Subject = (typeof subject)[number];

/** What destinations refuse, and what they could take: read off when somebody asks. What is shed is in `heddle_exchanges_total`. */
export class AdmissionMetrics {
  readonly #limited: Family<Counter, Subject | "limit">;
  readonly #limit: Family<Gauge, Subject>;
  readonly #inFlight: Family<Gauge, Subject>;
  /** Those that were told, to be told as 0 once nothing is limited there. */
  readonly #told = new Set<ServiceKey>();

  constructor(metrics: Metrics, admissions: Admissions) {
    this.#limited = metrics.counter(
      "inbound_http_local_ratelimit_total",
      "Requests refused by a rate limit, by its name.",
      [...subject, "limit"],
    );
    this.#limit = metrics.gauge(
      "heddle_concurrency_limit",
      "Requests at a time that the process can take, as it was found out.",
      subject,
    );
    this.#inFlight = metrics.gauge(
      "heddle_concurrency_in_flight",
      "Requests that the process has, where they are limited.",
      subject,
    );
    metrics.onCollect(() => {
      for (const { service, limit, count } of admissions.refusals()) {
        this.#limited.child({ ...destinationOf(service), limit }).value = count;
      }
      for (const service of this.#told) this.#tell(service, 0, 0);
      this.#told.clear();
      for (const { service, limit, inFlight } of admissions.standing()) {
        if (limit === null) continue;
        this.#told.add(service);
        this.#tell(service, limit, inFlight);
      }
    });
  }

  #tell(service: ServiceKey, limit: number, inFlight: number): void {
    this.#limit.child(destinationOf(service)).set(limit);
    this.#inFlight.child(destinationOf(service)).set(inFlight);
  }
}
