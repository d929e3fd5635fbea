/**
 * From resources to documents: total, pure, one service at a time. Whatever is wrong with a resource becomes a condition
 * and a defined failure of what depends on it; the rest goes on.
 *
 *   Service + its routes + its policies ───────── compileService ──▶ ServiceDoc + conditions
 *   Service + workloads + slots ──────────────── compileEndpoints ▶ EndpointsDoc
 *   Gateway + its routes ─────────────────────── compileGateway ──▶ sockets with RoutesDocs + conditions
 *   workload + all Services (+ its Gateway) ──── compileProxy ────▶ ProxyDoc
 *
 * What is attached to what is one table, `attachables.ts`. `MeshIndex` keeps all of them up to date while resources change; `compileAll` makes them at once.
 */
export { compileAll, inputsOf, plainWorld } from "./compile/all.ts";
export type {
  AncestorClaims,
  Claims,
  EventClaim,
  ParentClaims,
  Refusal,
} from "./compile/claims.ts";
export type {
  CompiledGateway,
  CompiledService,
  GatewaySocket,
  ListenerClaims,
} from "./compile/compiled.ts";
export { consequence } from "./compile/consequence.ts";
export { type PlacedInputs, placedClaim } from "./compile/contract-placed.ts";
export { compileEndpoints } from "./compile/endpoints.ts";
export { compileGateway } from "./compile/gateway.ts";
export { type MeshChanges, MeshIndex } from "./compile/mesh-index.ts";
export type { MeshInputs, MeshOutputs } from "./compile/mesh-inputs.ts";
export { compileProxy, type ProxyInputs } from "./compile/proxy.ts";
export type { AnyRouteKind } from "./compile/route-kind.ts";
export { routeKinds } from "./compile/route-kinds.ts";
export { compileService, noHashKey, serviceDocFor } from "./compile/service.ts";
export { servedPorts } from "./compile/service-port.ts";
export {
  forwardSocket,
  gatewaySocket,
  inboundSocket,
  outboundSocket,
  type SocketRequest,
  socketsOf,
} from "./compile/sockets.ts";
export {
  type ResourceKey,
  type TableName,
  type Tables,
  tableKey,
  tableOf,
} from "./compile/tables.ts";
export { resolveTargetPort } from "./compile/target-port.ts";
export { selects, type WorkloadPort, type WorkloadView } from "./compile/workload-view.ts";
export type { CompiledWorld, World } from "./compile/world.ts";
