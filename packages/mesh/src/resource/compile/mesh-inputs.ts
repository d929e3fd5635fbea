import type { Address } from "../../model/address.ts";
import type { EndpointsDoc, ProxyDoc, SlotsDoc } from "../../model/document.ts";
import type { Service } from "../core/service.ts";
import type { Gateway } from "../gateway-api/gateway.ts";
import type { GatewayClass } from "../gateway-api/gatewayclass.ts";
import type { Mesh } from "../heddle/mesh.ts";
import type { Claims } from "./claims.ts";
import type { CompiledGateway, CompiledService } from "./compiled.ts";
import type { ResourceKey, TableName, Tables } from "./tables.ts";
import type { WorkloadView } from "./workload-view.ts";

/** Resources by kind. */
export interface AllResources {
  /** All of a table, by `tableKey`; a live view. */
  all<K extends TableName>(table: K): ReadonlyMap<string, Tables[K]>;
}

/** All that documents are made from. Maps are by `<namespace>/<name>` unless said otherwise. */
export interface MeshInputs {
  readonly resources: AllResources;
  /** The same as in `resources`. */
  readonly mesh: Mesh | null;
  readonly services: ReadonlyMap<string, Service>;
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
  /** What is to be said of every attached resource (`attachables.ts`). */
  readonly claims: ReadonlyMap<ResourceKey, Claims>;
}
