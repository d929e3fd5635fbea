import { EndpointLoad } from "../balance/load.ts";
import { type Address, formatAddress } from "../model/address.ts";
import type { SpiffeId } from "../model/identity.ts";
import { formatServerName } from "../model/server-name.ts";
import type { ServiceKey } from "../model/service-key.ts";
import type { UpstreamContext } from "./context.ts";
import { Target } from "./target.ts";

/** What names an endpoint: a restarted process with a new address is another one. */
export interface EndpointName {
  readonly uid: string;
  readonly workload: string;
  readonly address: Address;
  /** Whom to expect there. Null: a plain connection. */
  readonly identity: SpiffeId | null;
  /** Our own application: it is never left alone, every request may try it. */
  readonly isOwn: boolean;
}

/** What we know of one process; it outlives every change of configuration that still names the process. */
export class Endpoint {
  readonly uid: string;
  readonly workload: string;
  readonly address: Address;
  readonly identity: SpiffeId | null;
  readonly isOwn: boolean;
  readonly addressText: string;
  readonly load: EndpointLoad;
  /** By service and port. */
  readonly targets = new Map<string, Target>();
  readonly #context: UpstreamContext;

  constructor(context: UpstreamContext, name: EndpointName) {
    this.#context = context;
    this.uid = name.uid;
    this.workload = name.workload;
    this.address = name.address;
    this.identity = name.identity;
    this.isOwn = name.isOwn;
    this.addressText = formatAddress(name.address);
    this.load = new EndpointLoad(name.uid, context.clock.monotonicMs());
  }

  /** The target for `port` of `service`, made on first use. */
  target(service: ServiceKey, port: number): Target {
    const key = `${service}:${port}`;
    let target = this.targets.get(key);
    if (target === undefined) {
      const { identity, address } = this;
      const slash = service.indexOf("/");
      const tls =
        identity === null
          ? null
          : {
              identity,
              serverName: formatServerName({
                workloadUid: this.uid,
                namespace: service.slice(0, slash),
                service: service.slice(slash + 1),
                port,
              }),
            };
      target = new Target(this.#context, this, { address, tls });
      this.targets.set(key, target);
    }
    return target;
  }
}
