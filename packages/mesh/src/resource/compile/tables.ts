import type { ConfigMap } from "../core/configmap.ts";
import type { Service } from "../core/service.ts";
import type { BackendTlsPolicy } from "../gateway-api/backendtlspolicy.ts";
import type { Gateway } from "../gateway-api/gateway.ts";
import type { GatewayClass } from "../gateway-api/gatewayclass.ts";
import type { GrpcRoute } from "../gateway-api/grpcroute.ts";
import type { HttpRoute } from "../gateway-api/httproute.ts";
import type { ReferenceGrant } from "../gateway-api/referencegrant.ts";
import type { TcpRoute } from "../gateway-api/tcproute.ts";
import type { TlsRoute } from "../gateway-api/tlsroute.ts";
import type { UdpRoute } from "../gateway-api/udproute.ts";
import type { BackendTrafficPolicy } from "../gateway-api/xbackendtrafficpolicy.ts";
import type { XMesh } from "../gateway-api/xmesh.ts";
import type { BalancingPolicy } from "../heddle/balancing-policy.ts";
import type { CircuitBreaker } from "../heddle/circuit-breaker.ts";
import type { ConcurrencyLimit } from "../heddle/concurrency-limit.ts";
import type { Contract } from "../heddle/contract.ts";
import type { Fault } from "../heddle/fault.ts";
import type { HealthCheck } from "../heddle/health-check.ts";
import type { Mesh } from "../heddle/mesh.ts";
import type { Placement } from "../heddle/placement.ts";
import type { RateLimit } from "../heddle/rate-limit.ts";
import type { RetryPolicy } from "../heddle/retry-policy.ts";
import type { TimeoutPolicy } from "../heddle/timeout-policy.ts";
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
  readonly GRPCRoute: GrpcRoute;
  readonly TLSRoute: TlsRoute;
  readonly TCPRoute: TcpRoute;
  readonly UDPRoute: UdpRoute;
  readonly ReferenceGrant: ReferenceGrant;
  readonly BackendTLSPolicy: BackendTlsPolicy;
  readonly XBackendTrafficPolicy: BackendTrafficPolicy;
  readonly XMesh: XMesh;
  readonly ConfigMap: ConfigMap;
  readonly Placement: Placement;
  readonly Contract: Contract;
  readonly Fault: Fault;
  readonly RetryPolicy: RetryPolicy;
  readonly TimeoutPolicy: TimeoutPolicy;
  readonly CircuitBreaker: CircuitBreaker;
  readonly BalancingPolicy: BalancingPolicy;
  readonly HealthCheck: HealthCheck;
  readonly RateLimit: RateLimit;
  readonly ConcurrencyLimit: ConcurrencyLimit;
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
