import type {
  Document,
  DocumentKey,
  EndpointsDoc,
  ProxyDoc,
  ServiceDoc,
} from "@heddle/mesh/model/document.ts";
import type { ServiceKey } from "@heddle/mesh/model/service-key.ts";
import type { CompiledService } from "@heddle/mesh/resource/compile/compiled.ts";
import type { MeshIndex } from "@heddle/mesh/resource/compile/mesh-index.ts";
import { serviceDocFor } from "@heddle/mesh/resource/compile/service.ts";
import type { WorkloadView } from "@heddle/mesh/resource/compile/workload-view.ts";
import { PatchedDocuments } from "@heddle/mesh/snapshot/patched-documents.ts";
import { routedServices } from "@heddle/mesh/snapshot/routed-services.ts";

/** The part of the mesh that one proxy is told. */
export interface Slice {
  /** Services whose documents are in it, or would be if they existed. */
  readonly services: ReadonlySet<ServiceKey>;
  readonly documents: ReadonlyMap<DocumentKey, Document>;
}

/** A slice, and all that it was made from. */
interface Known {
  slice: Slice;
  readonly frontends: readonly ServiceKey[];
  readonly own: ProxyDoc | undefined;
  readonly parts: Map<ServiceKey, Part>;
  /** How many changes are in it. */
  changes: number;
}

/** What the compiler gave of one service. */
interface Part {
  readonly compiled: CompiledService | undefined;
  readonly endpoints: EndpointsDoc | undefined;
}

/** So many changes are remembered, for slices that nobody asked for meanwhile. */
const changesMax = 64;

/**
 * Slices of one mesh. Each is kept, and made anew only where something that it was made from is another object: of most
 * changes it is one document of many, and then the rest is taken over.
 */
export class Slices {
  readonly #index: MeshIndex;
  readonly #known = new Map<string, Known>();
  /** Of the last changes, and how many there were in all. */
  readonly #changed: ReadonlySet<ServiceKey>[] = [];
  #changes = 0;
  /** Where the routes of a service's document lead. */
  readonly #leads = new WeakMap<ServiceDoc, readonly ServiceKey[]>();

  constructor(index: MeshIndex) {
    this.#index = index;
  }

  /**
   * What the proxy of `view` needs: its own document always (names, ports and listeners of all services); in full the
   * services that it has to do with, those its gateway routes to, and those that the routes of any of these lead to.
   * @param frontends those it backs, calls by declaration, and has used: the same object where they are the same
   */
  of(view: WorkloadView, frontends: readonly ServiceKey[]): Slice {
    const known = this.#known.get(view.uid);
    const own = this.#index.outputs.proxies.get(view.uid);
    const isUsable = known?.frontends === frontends && known.own === own && this.#refresh(known);
    if (isUsable) return known.slice;
    const made = this.#make(view, frontends);
    this.#known.set(view.uid, made);
    return made.slice;
  }

  /** These services came out of the compiler different, or their endpoints: to be said of all. */
  note(services: ReadonlySet<ServiceKey>): void {
    this.#changes++;
    this.#changed.push(services);
    if (this.#changed.length > changesMax) this.#changed.shift();
  }

  /** A workload is gone. */
  forget(uid: string): void {
    this.#known.delete(uid);
  }

  /** Takes in the endpoints as they are now. False: more than endpoints is different. */
  #refresh(known: Known): boolean {
    const { services, endpoints } = this.#index.outputs;
    const replaced = new Map<DocumentKey, Document>();
    for (const key of this.#changedSince(known)) {
      const part = known.parts.get(key);
      if (part === undefined) continue;
      const now = endpoints.get(key);
      if (services.get(key) !== part.compiled) return false;
      if (now === part.endpoints) continue;
      if (now === undefined || part.endpoints === undefined) return false;
      known.parts.set(key, { ...part, endpoints: now });
      replaced.set(`endpoints/${key}`, now);
    }
    known.changes = this.#changes;
    if (replaced.size === 0) return true;
    const documents = PatchedDocuments.of(known.slice.documents, replaced);
    known.slice = { services: known.slice.services, documents };
    return true;
  }

  /** Services that may be different from what is in it. */
  #changedSince({ changes, parts }: Known): Iterable<ServiceKey> {
    const missed = this.#changes - changes;
    if (missed > this.#changed.length) return parts.keys();
    const last = this.#changed.at(-1);
    if (missed === 0 || last === undefined) return [];
    return missed === 1 ? last : this.#changed.slice(-missed).flatMap((some) => [...some]);
  }

  #make(view: WorkloadView, frontends: readonly ServiceKey[]): Known {
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
    const parts = new Map<ServiceKey, Part>();
    for (const key of services) {
      const compiled = outputs.services.get(key);
      const endpoints = outputs.endpoints.get(key);
      parts.set(key, { compiled, endpoints });
      if (compiled !== undefined) {
        documents.set(`service/${key}`, serviceDocFor(compiled, view.namespace));
      }
      if (endpoints !== undefined) documents.set(`endpoints/${key}`, endpoints);
    }
    return { slice: { services, documents }, frontends, own, parts, changes: this.#changes };
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
