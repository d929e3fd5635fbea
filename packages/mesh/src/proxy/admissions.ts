import type { Clock } from "../base/clock.ts";
import type { EndpointsDoc, ServiceDoc, ServiceKey } from "../model/document.ts";
import type { OnLimit } from "../net/limit.ts";
import type { Admission } from "../policy/admission.ts";
import { ServiceAdmission } from "../policy/service-admission.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";

/**
 * What the services that this workload backs take in: one admission for each, whatever ports it has, so that what was counted stays when
 * documents change. A service of which nothing is said has none, and costs nothing.
 */
export class Admissions {
  readonly #clock: Clock;
  readonly #onLimit: OnLimit;
  readonly #services = new Map<ServiceKey, ServiceAdmission>();
  /** Requests refused, by service and name of the limit. */
  readonly #refused = new Map<ServiceKey, Map<string, number>>();

  constructor(clock: Clock, onLimit: OnLimit) {
    this.#clock = clock;
    this.#onLimit = onLimit;
  }

  /** Of a service that this workload backs, as the newest documents have it. Null: all is taken in. */
  of(service: ServiceKey, { documents }: Snapshot): Admission | null {
    const doc = documents.get(`service/${service}`) as ServiceDoc | undefined;
    if (doc?.admission === undefined) {
      this.#services.delete(service);
      return null;
    }
    const endpoints = documents.get(`endpoints/${service}`) as EndpointsDoc | undefined;
    const ready = endpoints?.endpoints.filter(({ state }) => state.phase === "ready").length ?? 1;
    const admission = this.#services.get(service) ?? this.#build(service);
    const health = doc.policy.health ?? null;
    const inputs = { doc: doc.admission, replicas: ready, health };
    admission.apply(inputs, this.#clock.monotonicMs());
    return admission;
  }

  /** Forgets services that this workload backs no more. */
  keep(services: ReadonlySet<ServiceKey>): void {
    for (const service of this.#services.keys()) {
      if (!services.has(service)) this.#services.delete(service);
    }
  }

  /** Of each service with an admission: what it stands at. */
  *standing(): Generator<{
    readonly service: ServiceKey;
    readonly limit: number | null;
    readonly inFlight: number;
  }> {
    for (const [service, { limit, inFlight }] of this.#services) yield { service, limit, inFlight };
  }

  /** How many requests each limit has refused since the proxy's start. */
  *refusals(): Generator<{
    readonly service: ServiceKey;
    readonly limit: string;
    readonly count: number;
  }> {
    for (const [service, counts] of this.#refused) {
      for (const [limit, count] of counts) yield { service, limit, count };
    }
  }

  #build(service: ServiceKey): ServiceAdmission {
    const counts = this.#refused.get(service) ?? new Map<string, number>();
    this.#refused.set(service, counts);
    const admission = new ServiceAdmission({
      onRefused: (limit) => counts.set(limit, (counts.get(limit) ?? 0) + 1),
      onForgotten: () => this.#onLimit("rate-buckets"),
    });
    this.#services.set(service, admission);
    return admission;
  }
}
