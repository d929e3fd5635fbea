import { EndpointLoad } from "../balance/load.ts";
import type { Clock } from "../base/clock.ts";
import { type Address, formatAddress } from "../model/address.ts";
import type { SpiffeId } from "../model/identity.ts";

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

  constructor(clock: Clock, name: EndpointName) {
    this.uid = name.uid;
    this.workload = name.workload;
    this.address = name.address;
    this.identity = name.identity;
    this.isOwn = name.isOwn;
    this.addressText = formatAddress(name.address);
    this.load = new EndpointLoad(name.uid, clock.monotonicMs());
  }
}
