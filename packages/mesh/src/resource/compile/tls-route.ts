import type { TlsRouteDoc } from "../../model/document.ts";
import type { TlsRoute } from "../gateway-api/tlsroute.ts";
import { compareAge, resourceKey } from "../meta.ts";
import {
  type CompiledOctetsRoute,
  compileOctetsRoute,
  octetsRouteConditions,
  octetsRouteProblems,
} from "./octets-route.ts";
import type { AttachedTo, RouteKind } from "./route-kind.ts";
import { carriesTls } from "./service-port.ts";

export type CompiledTlsRoute = CompiledOctetsRoute<TlsRoute>;

export const tlsRoutes: RouteKind<TlsRoute, CompiledTlsRoute> = {
  parents: ({ spec }) => spec.parentRefs ?? [],
  compile: compileOctetsRoute,
  conditions: octetsRouteConditions,
  problems: octetsRouteProblems,
  isCarried: carriesTls,
  merge: (attached) => ({
    tlsRoutes: tlsRouteDocs(
      attached.map(({ compiled }) => ({ compiled, hostnames: compiled.route.spec.hostnames })),
    ),
  }),
};

/** All TLSRoutes of one frontend: the older before the younger, whose names they take (TLSRouteSpec, "hostnames"). */
export function tlsRouteDocs(
  attached: readonly AttachedTo<CompiledTlsRoute>[],
): readonly TlsRouteDoc[] {
  return [...attached]
    .sort((a, b) => compareAge(a.compiled.route, b.compiled.route))
    .flatMap(({ compiled, hostnames }) =>
      compiled.rules.map(({ name, backends }) => ({
        route: resourceKey(compiled.route),
        name,
        hostnames,
        backends,
      })),
    );
}
