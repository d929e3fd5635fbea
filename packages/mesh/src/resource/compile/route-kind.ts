import type { HttpRoute } from "../gateway-api/httproute.ts";
import type { TlsRoute } from "../gateway-api/tlsroute.ts";
import type { ConditionClaim } from "../meta.ts";
import type { BackendScope } from "./backend.ts";
import type { Refusal } from "./claims.ts";
import { type CompiledRoute, compileRoute, routeConditions } from "./routes.ts";
import { type CompiledTlsRoute, compileTlsRoute, tlsRouteConditions } from "./tls-route.ts";

/** How routes of one kind are compiled, and what they say of themselves; where they are attached is the same for all. */
export interface RouteKind<Route extends HttpRoute | TlsRoute, Compiled> {
  readonly compile: (route: Route, scope: Omit<BackendScope, "route">) => Compiled;
  /** @param refusal why it is not attached; null: it is */
  readonly conditions: (compiled: Compiled, refusal: Refusal | null) => readonly ConditionClaim[];
}

export const httpRoutes: RouteKind<HttpRoute, CompiledRoute> = {
  compile: compileRoute,
  conditions: routeConditions,
};

export const tlsRoutes: RouteKind<TlsRoute, CompiledTlsRoute> = {
  compile: compileTlsRoute,
  conditions: tlsRouteConditions,
};
