import type { Document, DocumentKey } from "../model/document.ts";
import type { ServiceKey } from "../model/service-key.ts";
import { routedServices } from "./routed-services.ts";

/**
 * Those of `services` of which `documents` do not speak any more: they have no document, no listener, and no rule of a
 * gateway leads to them. None while the proxy's own document is not there. What is remembered of them may go.
 */
export function unknownServices(
  services: Iterable<ServiceKey>,
  documents: ReadonlyMap<DocumentKey, Document>,
): readonly ServiceKey[] {
  const bare = [...services].filter(
    (key) => !documents.has(`service/${key}`) && !documents.has(`endpoints/${key}`),
  );
  const proxy = documents.get("proxy");
  if (bare.length === 0 || proxy?.kind !== "proxy") return [];
  const named = new Set(proxy.outbound.map(({ service }) => service));
  for (const { service } of proxy.inbound?.ports ?? []) named.add(service);
  for (const service of proxy.gateway.flatMap(routedServices)) named.add(service);
  return bare.filter((key) => !named.has(key));
}
