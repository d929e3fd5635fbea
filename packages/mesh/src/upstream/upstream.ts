import { formatAddress } from "../model/address.ts";
import type { ServiceKey } from "../model/service-key.ts";
import { Backend } from "./backend.ts";
import type { UpstreamContext } from "./context.ts";
import type { EndpointName } from "./endpoint.ts";
import { EndpointTargets } from "./endpoint-targets.ts";

/** All endpoints a workload talks to and all backends made of them: the state that outlives configuration. */
export class Upstream {
  readonly context: UpstreamContext;
  readonly #endpoints = new Map<string, EndpointTargets>();
  readonly #backends = new Map<string, Backend>();

  constructor(context: UpstreamContext) {
    this.context = context;
  }

  endpoints(): Iterable<EndpointTargets> {
    return this.#endpoints.values();
  }

  backends(): Iterable<Backend> {
    return this.#backends.values();
  }

  /** The endpoint of that uid, address and identity, made where it is not known yet. */
  endpoint(name: EndpointName): EndpointTargets {
    const key = `${name.uid} ${formatAddress(name.address)} ${name.identity ?? ""}`;
    let endpoint = this.#endpoints.get(key);
    if (endpoint === undefined) {
      endpoint = new EndpointTargets(this.context, name);
      this.#endpoints.set(key, endpoint);
    }
    return endpoint;
  }

  /** The backend for `port` of `service`, made where it is not known yet; it has no endpoints then. */
  backend(service: ServiceKey, port: number): Backend {
    const key = `${service}:${port}`;
    let backend = this.#backends.get(key);
    if (backend === undefined) {
      backend = new Backend(this.context, service, port);
      this.#backends.set(key, backend);
    }
    return backend;
  }

  /** Closes backends that `isKept` does not want, and forgets what only they used. */
  prune(isKept: (backend: Backend) => boolean): void {
    for (const [key, backend] of this.#backends) {
      if (isKept(backend)) continue;
      this.#backends.delete(key);
      backend.close();
    }
    this.forgetUnused();
  }

  /** Forgets endpoints that no backend names and no connection leads to. */
  forgetUnused(): void {
    for (const [key, endpoint] of this.#endpoints) {
      if (endpoint.prune()) this.#endpoints.delete(key);
    }
  }

  /** Idle connections of an older identity generation close; those in use close after their exchange. */
  onNewGeneration(): void {
    for (const targets of this.#endpoints.values()) {
      if (targets.endpoint.identity === null) continue;
      for (const target of targets.targets()) target.closeIdle();
    }
  }

  /** Closes all that is idle, for ever: the proxy ends. */
  close(): void {
    this.prune(() => false);
  }
}
