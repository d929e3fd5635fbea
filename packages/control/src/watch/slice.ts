import type { Document, DocumentKey, ServiceDoc } from "@heddle/mesh/model/document.ts";
import type { ServiceKey } from "@heddle/mesh/model/service-key.ts";
import type { MeshIndex } from "@heddle/mesh/resource/compile/mesh-index.ts";
import { serviceDocFor } from "@heddle/mesh/resource/compile/service.ts";
import type { WorkloadView } from "@heddle/mesh/resource/compile/workload-view.ts";
import { routedServices } from "@heddle/mesh/snapshot/routed-services.ts";

/** The part of the mesh that one proxy is told. */
export interface Slice {
  /** Services whose documents are in it, or would be if they existed. */
  readonly services: ReadonlySet<ServiceKey>;
  readonly documents: ReadonlyMap<DocumentKey, Document>;
}

/** Slices of one mesh. */
export class Slices {
  readonly #index: MeshIndex;
  /** Where the routes of a service's document lead. */
  readonly #leads = new WeakMap<ServiceDoc, readonly ServiceKey[]>();

  constructor(index: MeshIndex) {
    this.#index = index;
  }

  /**
   * What the proxy of `view` needs: its own document always (names, ports and listeners of all services); in full the
   * services that it has to do with, those its gateway routes to, and those that the routes of any of these lead to.
   * @param frontends those it backs, calls by declaration, and has used
   */
  of(view: WorkloadView, frontends: Iterable<ServiceKey>): Slice {
    const { outputs } = this.#index;
    const documents = new Map<DocumentKey, Document>();
    const own = outputs.proxies.get(view.uid);
    if (own !== undefined) documents.set("proxy", own);
    const services = new Set<ServiceKey>(frontends);
    for (const key of frontends) {
      const compiled = outputs.services.get(key);
      if (compiled === undefined) continue;
      // Routes of a backend do not apply again (GEP-1294), so that one step is enough.
      for (const lead of this.#leadsOf(serviceDocFor(compiled, view.namespace))) services.add(lead);
    }
    for (const service of (own?.gateway ?? []).flatMap(routedServices)) services.add(service);
    for (const key of services) {
      const compiled = outputs.services.get(key);
      const endpoints = outputs.endpoints.get(key);
      if (compiled !== undefined) {
        documents.set(`service/${key}`, serviceDocFor(compiled, view.namespace));
      }
      if (endpoints !== undefined) documents.set(`endpoints/${key}`, endpoints);
    }
    return { services, documents };
  }

  #leadsOf(doc: ServiceDoc): readonly ServiceKey[] {
    let leads = this.#leads.get(doc);
    if (leads === undefined) {
      leads = [...new Set(doc.ports.flatMap(routedServices))];
      this.#leads.set(doc, leads);
    }
    return leads;
  }
}
