import type { TcpRoute } from "../gateway-api/tcproute.ts";
import { compareAge, resourceKey } from "../meta.ts";
import {
  type CompiledOctetsRoute,
  compileOctetsRoute,
  octetsRouteConditions,
  octetsRouteProblems,
} from "./octets-route.ts";
import type { RouteKind } from "./route-kind.ts";
import { carriesOctets } from "./service-port.ts";

/** Of several on one port the oldest applies: they look at nothing that could tell them apart. */
export const tcpRoutes: RouteKind<TcpRoute, CompiledOctetsRoute<TcpRoute>> = {
  parents: ({ spec }) => spec.parentRefs ?? [],
  compile: compileOctetsRoute,
  conditions: octetsRouteConditions,
  problems: octetsRouteProblems,
  isCarried: carriesOctets,
  isAlone: true,
  merge: (attached) => {
    const [{ route, rules }] = attached
      .map(({ compiled }) => compiled)
      .sort((a, b) => compareAge(a.route, b.route)) as [CompiledOctetsRoute<TcpRoute>];
    const { name, backends } = rules[0]!;
    return { protocol: "opaque", tcpRoute: { route: resourceKey(route), name, backends } };
  },
};
