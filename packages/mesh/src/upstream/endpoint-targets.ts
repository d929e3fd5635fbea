import { formatServerName } from "../model/server-name.ts";
import { type ServiceKey, splitServiceKey } from "../model/service-key.ts";
import type { UpstreamContext } from "./context.ts";
import type { TargetKey } from "./dialler.ts";
import { Endpoint, type EndpointName } from "./endpoint.ts";

import { Target } from "./target.ts";

/** One endpoint with everything that is asked of it: a target for each service port. */
export class EndpointTargets {
  readonly endpoint: Endpoint;
  readonly #context: UpstreamContext;
  readonly #targets = new Map<string, Target>();

  constructor(context: UpstreamContext, name: EndpointName) {
    this.#context = context;
    this.endpoint = new Endpoint(context.clock, name);
  }

  /** The target for `port` of `service`, made on first use. */
  target(service: ServiceKey, port: number): Target {
    const key = `${service}:${port}`;
    let target = this.#targets.get(key);
    if (target === undefined) {
      const meter = this.#context.meterOf?.(service, port, this.endpoint.isOwn) ?? null;
      target = new Target(this.#context, this.endpoint, this.#key(service, port), meter);
      this.#targets.set(key, target);
    }
    return target;
  }

  targets(): Iterable<Target> {
    return this.#targets.values();
  }

  /** Forgets targets that nobody observes and that have no connection. Is nothing left? */
  prune(): boolean {
    for (const [key, target] of this.#targets) {
      if (!target.isObserved && target.size === 0) this.#targets.delete(key);
    }
    return this.#targets.size === 0;
  }

  #key(service: ServiceKey, port: number): TargetKey {
    const { address, identity, uid } = this.endpoint;
    if (identity === null) return { address, tls: null };
    const { namespace, name } = splitServiceKey(service);
    const serverName = formatServerName({ workloadUid: uid, namespace, service: name, port });
    return { address, tls: { serverName, identity } };
  }
}
