import type { RoutesDoc, TlsRouteDoc } from "../model/document.ts";
import type { ServiceKey } from "../model/service-key.ts";

/** Services to which the rules of one frontend lead, of a service's port or a gateway's listener; they may repeat. */
export function routedServices(frontend: {
  readonly routes: RoutesDoc | null;
  readonly tlsRoutes?: readonly TlsRouteDoc[];
}): readonly ServiceKey[] {
  const rules = [...(frontend.routes?.rules ?? []), ...(frontend.tlsRoutes ?? [])];
  return rules.flatMap(({ backends }) =>
    backends.flatMap(({ backend }) => (backend === null ? [] : backend.service)),
  );
}
