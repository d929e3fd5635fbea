/**
 * From resources to documents: total, pure, one service at a time. Whatever is wrong with a resource becomes a condition
 * and a defined failure of what depends on it; the rest goes on.
 *
 *   Service + its HTTPRoutes + its Placements ── compileService ──▶ ServiceDoc + conditions
 *   Service + workloads + slots ──────────────── compileEndpoints ▶ EndpointsDoc
 *   Gateway + its HTTPRoutes ─────────────────── compileGateway ──▶ sockets with RoutesDocs + conditions
 *   workload + all Services (+ its Gateway) ──── compileProxy ────▶ ProxyDoc
 *
 * `MeshIndex` keeps all of them up to date while resources change; `compileAll` makes them at once.
 */
export { compileAll } from "./compile/all.ts";
export type { ParentClaims, Refusal } from "./compile/claims.ts";
export { type PlacedInputs, placedClaim } from "./compile/contract-placed.ts";
export { compileEndpoints } from "./compile/endpoints.ts";
export {
  type CompiledGateway,
  compileGateway,
  type GatewaySocket,
  type ListenerClaims,
} from "./compile/gateway.ts";
export { type MeshChanges, MeshIndex } from "./compile/mesh-index.ts";
export type { MeshInputs, MeshOutputs } from "./compile/mesh-inputs.ts";
export { compileProxy, type ProxyInputs } from "./compile/proxy.ts";
export { type CompiledRoute, compileRoute, consequence } from "./compile/routes.ts";
export {
  type CompiledService,
  compileService,
  noHashKey,
  type ServiceInputs,
  serviceDocFor,
} from "./compile/service.ts";
export { servedPorts } from "./compile/service-port.ts";
export {
  forwardSocket,
  gatewaySocket,
  inboundSocket,
  outboundSocket,
  type SocketRequest,
  socketsOf,
} from "./compile/sockets.ts";
export { resolveTargetPort } from "./compile/target-port.ts";
export { compileTlsRoute } from "./compile/tls-route.ts";
export { selects, type WorkloadPort, type WorkloadView } from "./compile/workload-view.ts";
