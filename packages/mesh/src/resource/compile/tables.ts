import type { Service } from "../core/service.ts";
import type { Gateway } from "../gateway-api/gateway.ts";
import type { GatewayClass } from "../gateway-api/gatewayclass.ts";
import type { HttpRoute } from "../gateway-api/httproute.ts";
import type { TlsRoute } from "../gateway-api/tlsroute.ts";
import type { Contract } from "../heddle/contract.ts";
import type { Fault } from "../heddle/fault.ts";
import type { Mesh } from "../heddle/mesh.ts";
import type { Placement } from "../heddle/placement.ts";
import type { KnownResource } from "../index.ts";
import { kindTitle, namespacedName, type Resource } from "../meta.ts";
import type { HttpRouteGroup } from "../smi/httproutegroup.ts";
import type { TrafficSplit } from "../smi/trafficsplit.ts";

/** Every kind that documents are made from, by its title (`kindTitle`): with its group where two kinds have one name. */
export interface Tables {
  readonly Service: Service;
  readonly Mesh: Mesh;
  readonly GatewayClass: GatewayClass;
  readonly Gateway: Gateway;
  readonly HTTPRoute: HttpRoute;
  readonly TLSRoute: TlsRoute;
  readonly Placement: Placement;
  readonly Contract: Contract;
  readonly Fault: Fault;
  readonly TrafficSplit: TrafficSplit;
  readonly HTTPRouteGroup: HttpRouteGroup;
}

export type TableName = keyof Tables;

/** The name of what a resource says something of: `Service/<namespace>/<name>`. */
export type ResourceKey = `${TableName}/${string}`;

/** Their objects are in no namespace, and their keys are names. */
const clusterWide: ReadonlySet<string> = new Set(["Mesh", "GatewayClass", "XMesh"]);

/** They become workloads first, or tell what happened: nothing is compiled from them. */
const uncompiled: ReadonlySet<string> = new Set(["Process", "Workload", "Event"]);

/** The table of a resource; null: nothing is compiled from it. */
export function tableOf(resource: KnownResource): TableName | null {
  if (uncompiled.has(resource.kind)) return null;
  return kindTitle(resource.apiVersion, resource.kind) as TableName;
}

/** Its key in its table: `<namespace>/<name>`, and the name alone of what is in no namespace. */
export function tableKey(resource: Resource): string {
  return clusterWide.has(resource.kind) ? resource.metadata.name : namespacedName(resource);
}
