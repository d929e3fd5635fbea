import type { Rng } from "../base/rng.ts";
import type { GatewayListenerDoc } from "../model/document.ts";
import type { Frontend, FrontendSlot } from "../relay/frontend.ts";
import { compileRoutes } from "../route/compile.ts";
import { compileTlsRoutes } from "../route/tls-routes.ts";
import type { ServiceTable } from "./service-table.ts";
import { hostOfAddress } from "./source.ts";

/** The listeners of the Gateways that this workload runs. */
export class GatewayTable {
  readonly #services: ServiceTable;
  readonly #rng: Rng;
  readonly #listeners = new Map<string, { slot: FrontendSlot; doc: GatewayListenerDoc }>();

  constructor(services: ServiceTable, rng: Rng) {
    this.#services = services;
    this.#rng = rng;
  }

  apply(docs: readonly GatewayListenerDoc[]): void {
    const names = new Set(docs.map((doc) => doc.name));
    for (const name of this.#listeners.keys()) if (!names.has(name)) this.#listeners.delete(name);
    for (const doc of docs) {
      const known = this.#listeners.get(doc.name);
      if (known === undefined) {
        this.#listeners.set(doc.name, { slot: { frontend: this.#frontend(doc) }, doc });
      } else if (known.doc !== doc) {
        known.doc = doc;
        known.slot.frontend = this.#frontend(doc);
      }
    }
  }

  /** The place of a listener's frontend; it is there once `apply` has seen the listener. */
  slot(name: string): FrontendSlot {
    return this.#listeners.get(name)!.slot;
  }

  #frontend(doc: GatewayListenerDoc): Frontend {
    const isTls = doc.protocol === "tls";
    return {
      direction: "gateway",
      service: "",
      port: doc.listener.address.kind === "tcp" ? doc.listener.address.port : 0,
      fails: null,
      pending: null,
      edit: (head, source) => {
        // What the client said of itself was dropped by the codec.
        head.set("x-forwarded-for", hostOfAddress(source.address));
        head.set("x-forwarded-proto", "http");
        if (head.authority !== "") head.set("x-forwarded-host", head.authority);
      },
      gate: null,
      routes: isTls ? null : compileRoutes(doc.routes, this.#rng),
      protocol: isTls ? "tls" : "http",
      tlsRoutes: isTls ? compileTlsRoutes(doc.tlsRoutes ?? [], this.#rng) : null,
      backend: null,
      backendOf: this.#services.backendOf,
      requestTimeoutMs: null,
      budgetOf: this.#services.budgetOf,
      faultOf: this.#services.faultOf,
      isEdge: true,
    };
  }
}
