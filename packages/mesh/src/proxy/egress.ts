import { type Address, tcp } from "../model/address.ts";
import type { Connection, ConnectionEvents } from "../net/transport.ts";
import type { Frontend, FrontendSlot, Pending } from "../relay/frontend.ts";
import { Backend, type EndpointWaiter } from "../upstream/backend.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { Arrivals } from "./arrivals.ts";

/** Looks names up; the only place where a proxy does. */
export interface Resolver {
  /** IP addresses of `host`, best first; a literal is itself. Rejects where there are none. */
  resolve(host: string): Promise<readonly string[]>;
}

/** Destinations outside the mesh that are remembered. */
const destinationsMax = 256;
/** How long addresses are believed, in ms. */
const addressesTtlMs = 30_000;

interface Destination {
  readonly host: string;
  readonly port: number;
  readonly backend: Backend;
  readonly slot: FrontendSlot;
  resolvedMs: number;
  isResolving: boolean;
}

/** What is not in the mesh: forwarded as asked, and counted. Names are resolved here and nowhere else. */
export class Egress {
  readonly #upstream: Upstream;
  readonly #resolver: Resolver;
  readonly #arrivals: Arrivals;
  /** Oldest use first. */
  readonly #destinations = new Map<string, Destination>();

  constructor(upstream: Upstream, resolver: Resolver) {
    this.#upstream = upstream;
    this.#resolver = resolver;
    this.#arrivals = new Arrivals(upstream.context.wheel);
  }

  /** The place of the frontend for `host:port`; while its addresses are looked up it is pending. */
  slot(host: string, port: number): FrontendSlot {
    return this.#destination(host, port).slot;
  }

  /** The backend for a tunnel to `host:port`: `ready` once its addresses are known. */
  tunnel(
    host: string,
    port: number,
  ): { readonly backend: Backend; readonly pending: Pending | null } {
    const { backend, slot } = this.#destination(host, port);
    return { backend, pending: slot.frontend.pending };
  }

  /** A connection for a tunnel. */
  dial(address: Address, events: ConnectionEvents): Connection {
    return this.#upstream.context.transport.dial({ address, tls: null }, events);
  }

  #destination(host: string, port: number): Destination {
    const key = `${host} ${port}`;
    const nowMs = this.#upstream.context.clock.monotonicMs();
    let destination = this.#destinations.get(key);
    if (destination === undefined) {
      destination = this.#make(key, host, port);
    } else {
      this.#destinations.delete(key);
      const { slot } = destination;
      const isOld = nowMs - destination.resolvedMs > addressesTtlMs;
      if (isOld && slot.frontend.pending === null) {
        slot.frontend = { ...slot.frontend, pending: this.#pending(key, destination), fails: null };
      }
    }
    this.#destinations.set(key, destination);
    this.#evict();
    return destination;
  }

  #make(key: string, host: string, port: number): Destination {
    const backend = new Backend(this.#upstream.context, "", port);
    const frontend: Frontend = {
      direction: "egress",
      service: "",
      port,
      fails: null,
      pending: null,
      edit: null,
      gate: null,
      routes: null,
      backend,
      backendOf: () => backend,
      requestTimeoutMs: null,
      budgetOf: null,
      isEdge: false,
    };
    const slot: FrontendSlot = { frontend };
    const destination: Destination = {
      host,
      port,
      backend,
      slot,
      resolvedMs: 0,
      isResolving: false,
    };
    slot.frontend = { ...frontend, pending: this.#pending(key, destination) };
    return destination;
  }

  #pending(key: string, destination: Destination): Pending {
    return {
      wait: (waiter: EndpointWaiter) => {
        this.#arrivals.wait(key, waiter);
        this.#resolve(key, destination);
      },
      cancel: (waiter) => this.#arrivals.cancel(waiter),
    };
  }

  #resolve(key: string, destination: Destination): void {
    if (destination.isResolving) return;
    destination.isResolving = true;
    this.#resolver.resolve(destination.host).then(
      (addresses) => this.#resolved(key, destination, addresses, ""),
      (cause: Error) => this.#resolved(key, destination, [], cause.message),
    );
  }

  #resolved(
    key: string,
    destination: Destination,
    addresses: readonly string[],
    problem: string,
  ): void {
    const { slot, backend, port, host } = destination;
    const { clock } = this.#upstream.context;
    destination.isResolving = false;
    destination.resolvedMs = addresses.length === 0 ? -addressesTtlMs : clock.monotonicMs();
    backend.apply({
      ...backend.spec,
      policy: { ...backend.spec.policy, failfastMs: 0, queueMax: 0, connectTimeoutMs: 5000 },
      members: addresses.map((address) => ({
        target: this.#upstream
          .endpoint({
            uid: `${address}:${port}`,
            workload: host,
            address: tcp(address, port),
            identity: null,
            isOwn: addresses.length === 1,
          })
          .target("", port),
        phase: "ready",
      })),
    });
    this.#upstream.forgetUnused(); // its addresses of before
    const detail = `${host} has no address: ${problem}`;
    slot.frontend = {
      ...slot.frontend,
      pending: null,
      fails: addresses.length === 0 ? { reason: "no-endpoint", detail } : null,
    };
    this.#arrivals.arrived(key);
  }

  #evict(): void {
    if (this.#destinations.size <= destinationsMax) return;
    for (const [key, { backend, isResolving }] of this.#destinations) {
      if (isResolving) continue;
      this.#destinations.delete(key);
      backend.close();
      this.#upstream.forgetUnused();
      return;
    }
  }
}
