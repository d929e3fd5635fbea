import type { Workload } from "@heddle/mesh/proxy/workload.ts";
import type { MirrorSender } from "@heddle/mesh/relay/mirror-sender.ts";
import type { Backend } from "@heddle/mesh/upstream/backend.ts";
import { restingShareMax } from "./shop.ts";
import type { Supervisor } from "./supervisor.ts";

/** Whether breakers and detectors take out no more than their share. */
export class Resting {
  readonly #violate: (what: string) => void;
  /** Of which an endpoint was not ready while one rested: it comes back resting, beside those that were taken out meanwhile. */
  readonly #excused = new WeakSet<Backend>();
  /** Looks that saw one resting. */
  judged = 0;

  constructor(violate: (what: string) => void) {
    this.#violate = violate;
  }

  look({ workloads }: Supervisor): void {
    for (const { spec, proxy } of workloads.values()) {
      for (const backend of proxy?.workload.upstream.backends() ?? [])
        this.#judge(spec.name, backend);
    }
  }

  #judge(name: string, backend: Backend): void {
    const { members } = backend.spec;
    const resting = members.filter(({ target }) => target.health.isEjected).length;
    if (resting === 0) {
      this.#excused.delete(backend);
      return;
    }
    if (members.some(({ phase }) => phase !== "ready")) this.#excused.add(backend);
    if (this.#excused.has(backend)) return;
    this.judged++;
    if (resting <= Math.max(1, Math.floor(restingShareMax * members.length))) return;
    const of = `${backend.service}:${backend.port}`;
    this.#violate(`${name}'s proxy: ${resting} of ${members.length} endpoints of ${of} rest`);
  }
}

/** Nothing is asked: whatever is counted of what goes on is 0. */
export function expectAtRest(
  name: string,
  { upstream, admissions, outboundRelay }: Workload,
  violate: (what: string) => void,
): void {
  const expectNone = (what: string, count: number): void => {
    if (count !== 0) violate(`${name}'s proxy counts ${count} ${what} at rest`);
  };
  for (const { service, port, caps, waitingCount, spec } of upstream.backends()) {
    const of = `of ${service}:${port}`;
    expectNone(`requests ${of}`, caps.requests);
    expectNone(`retries ${of}`, caps.retries);
    expectNone(`waiting for an endpoint ${of}`, waitingCount);
    for (const { target } of spec.members) {
      expectNone(`waiting for a connection to ${target.endpoint.workload}`, target.waitingCount);
    }
  }
  for (const { endpoint } of upstream.endpoints()) {
    expectNone(`requests at ${endpoint.workload}`, endpoint.load.pending);
  }
  for (const { service, inFlight } of admissions.standing()) {
    expectNone(`let in to ${service}`, inFlight);
  }
  expectNone("copies", (outboundRelay.mirrors as MirrorSender).inFlight);
}
