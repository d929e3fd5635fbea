import type { Attachable } from "./attachable.ts";
import { backendTlsPolicies } from "./backend-tls.ts";
import { backendTrafficPolicies } from "./backend-traffic.ts";
import { contractPolicy } from "./contract.ts";
import { faultPolicy } from "./fault.ts";
import {
  balancingPolicies,
  circuitBreakers,
  concurrencyLimits,
  healthChecks,
  rateLimits,
  retryPolicies,
  timeoutPolicies,
} from "./heddle-policies.ts";
import { placementPolicy } from "./placement-policy.ts";
import { routeAttachable } from "./route-claims.ts";
import { splitAttachable } from "./split.ts";
import { httpRouteGroups } from "./split-matches.ts";
import type { TableName, Tables } from "./tables.ts";
import { udpRoutes } from "./udp-route.ts";

/**
 * What is attached to Services, Gateways and routes. To add a kind: its file, its type in `tables.ts`, a line here, and where
 * documents say what it says (`service.ts`). Of a kind that is only read (`World.find`) the type alone.
 */
export const attachables: { readonly [K in TableName]?: Attachable<Tables[K]> } = {
  HTTPRoute: routeAttachable("HTTPRoute"),
  GRPCRoute: routeAttachable("GRPCRoute"),
  TLSRoute: routeAttachable("TLSRoute"),
  TCPRoute: routeAttachable("TCPRoute"),
  UDPRoute: udpRoutes,
  BackendTLSPolicy: backendTlsPolicies,
  XBackendTrafficPolicy: backendTrafficPolicies,
  Placement: placementPolicy,
  Contract: contractPolicy,
  Fault: faultPolicy,
  RetryPolicy: retryPolicies,
  TimeoutPolicy: timeoutPolicies,
  CircuitBreaker: circuitBreakers,
  BalancingPolicy: balancingPolicies,
  HealthCheck: healthChecks,
  RateLimit: rateLimits,
  ConcurrencyLimit: concurrencyLimits,
  TrafficSplit: splitAttachable,
  HTTPRouteGroup: httpRouteGroups,
};

export const attachedTables = Object.keys(attachables) as readonly TableName[];

/** The entry of a table, for resources of any kind. */
export function attachableOf(table: TableName): Attachable<Tables[TableName]> | null {
  return (attachables[table] as Attachable<Tables[TableName]> | undefined) ?? null;
}
