import type { FilterDoc, RoutesDoc, TcpRouteDoc, TlsRouteDoc } from "../model/document.ts";
import type { ServiceKey } from "../model/service-key.ts";

/** Services to which the rules of one frontend lead, of a service's port or a gateway's listener, copies too; they may repeat. */
export function routedServices(frontend: {
  readonly routes: RoutesDoc | null;
  readonly tlsRoutes?: readonly TlsRouteDoc[];
  readonly tcpRoute?: TcpRouteDoc;
}): readonly ServiceKey[] {
  const { routes, tlsRoutes = [], tcpRoute } = frontend;
  const rules = [...(routes?.rules ?? []), ...tlsRoutes, ...(tcpRoute ? [tcpRoute] : [])];
  const backends = rules.flatMap((rule) => rule.backends);
  const filters = (routes?.rules ?? [])
    .flatMap((rule) => rule.filters)
    .concat(backends.flatMap((one) => one.filters));
  return [...backends, ...filters.filter(isMirror)].flatMap(({ backend }) =>
    backend === null ? [] : backend.service,
  );
}

function isMirror(filter: FilterDoc): filter is Extract<FilterDoc, { type: "mirror" }> {
  return filter.type === "mirror";
}
