import type { Address } from "../../model/address.ts";
import type { EndpointsDoc, ProxyDoc, SlotsDoc } from "../../model/document.ts";
import type { Service } from "../core/service.ts";
import type { Gateway } from "../gateway-api/gateway.ts";
import type { GatewayClass } from "../gateway-api/gatewayclass.ts";
import type { HttpRoute } from "../gateway-api/httproute.ts";
import type { TlsRoute } from "../gateway-api/tlsroute.ts";
import type { Contract } from "../heddle/contract.ts";
import type { Fault } from "../heddle/fault.ts";
import type { Mesh } from "../heddle/mesh.ts";
import type { Placement } from "../heddle/placement.ts";
import type { ConditionClaim } from "../meta.ts";
import type { ParentClaims } from "./claims.ts";
import type { CompiledGateway } from "./gateway.ts";
import type { CompiledService } from "./service.ts";
import type { WorkloadView } from "./workload-view.ts";

/** All that documents are made from. Maps are by `<namespace>/<name>` unless said otherwise. */
export interface MeshInputs {
  readonly mesh: Mesh | null;
  readonly services: ReadonlyMap<string, Service>;
  readonly routes: ReadonlyMap<string, HttpRoute>;
  readonly tlsRoutes: ReadonlyMap<string, TlsRoute>;
  readonly placements: ReadonlyMap<string, Placement>;
  readonly contracts: ReadonlyMap<string, Contract>;
  readonly faults: ReadonlyMap<string, Fault>;
  readonly gateways: ReadonlyMap<string, Gateway>;
  /** By name. */
  readonly gatewayClasses: ReadonlyMap<string, GatewayClass>;
  /** By uid. */
  readonly workloads: ReadonlyMap<string, WorkloadView>;
  /** Who keeps which keys, by service. */
  readonly slots: ReadonlyMap<string, SlotsDoc>;
  /** Where sockets are bound, by name. */
  readonly sockets: ReadonlyMap<string, Address>;
  /** Key of the hashes of recorded values, 32 hex digits: the mesh's secret. */
  readonly hashKey: string;
}

/** All that follows from them. */
export interface MeshOutputs {
  readonly services: ReadonlyMap<string, CompiledService>;
  readonly endpoints: ReadonlyMap<string, EndpointsDoc>;
  /** Only those of our classes. */
  readonly gateways: ReadonlyMap<string, CompiledGateway>;
  /** By workload uid. */
  readonly proxies: ReadonlyMap<string, ProxyDoc>;
  /** Every HTTPRoute and every TLSRoute: what is to be said of each of its parents that is ours. */
  readonly routes: ReadonlyMap<string, readonly ParentClaims[]>;
  readonly tlsRoutes: ReadonlyMap<string, readonly ParentClaims[]>;
  /** Every Placement: `Accepted`. */
  readonly placements: ReadonlyMap<string, readonly ConditionClaim[]>;
  /** Every Contract: `Accepted`, `Recorded`. */
  readonly contracts: ReadonlyMap<string, readonly ConditionClaim[]>;
  /** Every Fault: `Accepted`. */
  readonly faults: ReadonlyMap<string, readonly ConditionClaim[]>;
}
