import type { Document, DocumentKey } from "@heddle/mesh/model/document.ts";
import type { ServiceKey } from "@heddle/mesh/model/service-key.ts";
import type { MeshIndex } from "@heddle/mesh/resource/compile/mesh-index.ts";
import { serviceDocFor } from "@heddle/mesh/resource/compile/service.ts";
import { selects, type WorkloadView } from "@heddle/mesh/resource/compile/workload-view.ts";
import { routedServices } from "@heddle/mesh/snapshot/routed-services.ts";

/** The part of the mesh that one proxy is told. */
export interface Slice {
  /** Services whose documents are in it, or would be if they existed. */
  readonly services: ReadonlySet<ServiceKey>;
  readonly documents: ReadonlyMap<DocumentKey, Document>;
}

/**
 * What the proxy of `view` needs: its own document always (names, ports and listeners of all services); in full the
 * services it backs, those it calls by declaration, those it has used (`wants`), those its gateway routes to, and
 * those that the routes of any of these lead to.
 */
export function sliceOf(
  index: MeshIndex,
  view: WorkloadView,
  calls: readonly ServiceKey[],
  wants: Iterable<ServiceKey>,
): Slice {
  const documents = new Map<DocumentKey, Document>();
  const own = index.outputs.proxies.get(view.uid);
  if (own !== undefined) documents.set("proxy", own);
  const frontends = new Set<ServiceKey>([...calls, ...wants]);
  for (const [key, service] of index.inputs.services) {
    if (selects(service, view)) frontends.add(key);
  }
  const services = new Set<ServiceKey>(frontends);
  for (const service of (own?.gateway ?? []).flatMap(routedServices)) services.add(service);
  for (const key of frontends) {
    const compiled = index.outputs.services.get(key);
    if (compiled === undefined) continue;
    // Routes of a backend do not apply again (GEP-1294), so that one step is enough.
    const { ports } = serviceDocFor(compiled, view.namespace);
    for (const service of ports.flatMap(routedServices)) services.add(service);
  }
  for (const key of services) {
    const compiled = index.outputs.services.get(key);
    const endpoints = index.outputs.endpoints.get(key);
    if (compiled !== undefined) {
      documents.set(`service/${key}`, serviceDocFor(compiled, view.namespace));
    }
    if (endpoints !== undefined) documents.set(`endpoints/${key}`, endpoints);
  }
  return { services, documents };
}
