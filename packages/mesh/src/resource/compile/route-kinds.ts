import type { Resource } from "../meta.ts";
import { grpcRoutes } from "./grpc-route.ts";
import { httpRoutes } from "./http-route.ts";
import type { AnyRouteKind, CompiledAnyRoute, RouteKind } from "./route-kind.ts";
import { splits } from "./split.ts";
import type { TableName } from "./tables.ts";
import { tcpRoutes } from "./tcp-route.ts";
import { tlsRoutes } from "./tls-route.ts";

/**
 * All kinds of routes. Of those on one port of a Service only the first of this table applies (GEP-1294); the others are told
 * so. To add one: a file, a line here and one in `attachables.ts`.
 */
export const routeKinds: readonly (readonly [TableName, AnyRouteKind])[] = [
  ["GRPCRoute", anyRoute(grpcRoutes)],
  ["HTTPRoute", anyRoute(httpRoutes)],
  ["TLSRoute", anyRoute(tlsRoutes)],
  ["TCPRoute", anyRoute(tcpRoutes)],
  ["TrafficSplit", anyRoute(splits)],
];

/** It is given routes of its own kind alone, by its table, and what it made of them itself. */
function anyRoute<Route extends Resource, Compiled extends CompiledAnyRoute>(
  kind: RouteKind<Route, Compiled>,
): AnyRouteKind {
  return kind as unknown as AnyRouteKind;
}
