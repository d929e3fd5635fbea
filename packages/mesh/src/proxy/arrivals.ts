import { Deadline, type DeadlineHandler, type DeadlineWheel } from "../base/deadline-wheel.ts";
import type { ServiceKey } from "../model/service-key.ts";
import type { EndpointWaiter } from "../upstream/backend.ts";

/** How long a request waits for the documents of a service that is used for the first time, in ms. */
const arrivalMs = 3000;
/** Requests that may wait for documents at a time. */
const waitersMax = 1000;

/** Requests that wait for a service's documents. */
export class Arrivals {
  readonly #wheel: DeadlineWheel;
  readonly #waiting = new Map<EndpointWaiter, Arrival>();

  constructor(wheel: DeadlineWheel) {
    this.#wheel = wheel;
  }

  wait(service: ServiceKey, waiter: EndpointWaiter): void {
    if (this.#waiting.size >= waitersMax) {
      waiter.onNoEndpoint("no-endpoint", "too many requests wait for documents");
      return;
    }
    const arrival = new Arrival(this, service, waiter);
    this.#waiting.set(waiter, arrival);
    this.#wheel.set(arrival.deadline, arrivalMs);
  }

  /** Does anybody wait for documents of `service`? */
  isAwaited(service: ServiceKey): boolean {
    for (const arrival of this.#waiting.values()) if (arrival.service === service) return true;
    return false;
  }

  cancel(waiter: EndpointWaiter): void {
    const arrival = this.#waiting.get(waiter);
    if (arrival === undefined) return;
    this.#waiting.delete(waiter);
    this.#wheel.clear(arrival.deadline);
  }

  /** The documents of `service` are here. */
  arrived(service: ServiceKey): void {
    if (this.#waiting.size === 0) return;
    for (const arrival of [...this.#waiting.values()]) {
      if (arrival.service !== service) continue;
      this.cancel(arrival.waiter);
      arrival.waiter.onEndpoint();
    }
  }

  onExpired(arrival: Arrival): void {
    this.cancel(arrival.waiter);
    arrival.waiter.onNoEndpoint("no-endpoint", `nothing is known of ${arrival.service} yet`);
  }
}

class Arrival implements DeadlineHandler {
  readonly service: ServiceKey;
  readonly waiter: EndpointWaiter;
  readonly deadline: Deadline;
  readonly #arrivals: Arrivals;

  constructor(arrivals: Arrivals, service: ServiceKey, waiter: EndpointWaiter) {
    this.#arrivals = arrivals;
    this.service = service;
    this.waiter = waiter;
    this.deadline = new Deadline(this);
  }

  onDeadline(): void {
    this.#arrivals.onExpired(this);
  }
}
