import { type ConfigMap, configMapKind } from "./core/configmap.ts";
import { type Event, eventKind } from "./core/event.ts";
import { type Service, serviceKind } from "./core/service.ts";
import { type BackendTlsPolicy, backendTlsPolicyKind } from "./gateway-api/backendtlspolicy.ts";
import { type Gateway, gatewayKind } from "./gateway-api/gateway.ts";
import { type GatewayClass, gatewayClassKind } from "./gateway-api/gatewayclass.ts";
import { type GrpcRoute, grpcRouteKind } from "./gateway-api/grpcroute.ts";
import { type HttpRoute, httpRouteKind } from "./gateway-api/httproute.ts";
import { type ReferenceGrant, referenceGrantKind } from "./gateway-api/referencegrant.ts";
import { type TcpRoute, tcpRouteKind } from "./gateway-api/tcproute.ts";
import { type TlsRoute, tlsRouteKind } from "./gateway-api/tlsroute.ts";
import { type UdpRoute, udpRouteKind } from "./gateway-api/udproute.ts";
import {
  type BackendTrafficPolicy,
  backendTrafficPolicyKind,
} from "./gateway-api/xbackendtrafficpolicy.ts";
import { type XMesh, xMeshKind } from "./gateway-api/xmesh.ts";
import { type BalancingPolicy, balancingPolicyKind } from "./heddle/balancing-policy.ts";
import { type CircuitBreaker, circuitBreakerKind } from "./heddle/circuit-breaker.ts";
import { type ConcurrencyLimit, concurrencyLimitKind } from "./heddle/concurrency-limit.ts";
import { type Contract, contractKind } from "./heddle/contract.ts";
import { type Fault, faultKind } from "./heddle/fault.ts";
import { type HealthCheck, healthCheckKind } from "./heddle/health-check.ts";
import { type Mesh, meshKind } from "./heddle/mesh.ts";
import { type Placement, placementKind } from "./heddle/placement.ts";
import { type Process, processKind } from "./heddle/process.ts";
import { type RateLimit, rateLimitKind } from "./heddle/rate-limit.ts";
import { type RetryPolicy, retryPolicyKind } from "./heddle/retry-policy.ts";
import { type Rollout, rolloutKind } from "./heddle/rollout.ts";
import { type TimeoutPolicy, timeoutPolicyKind } from "./heddle/timeout-policy.ts";
import { type Workload, workloadKind } from "./heddle/workload.ts";
import { apiVersion, type Kind } from "./kind.ts";
import { type HttpRouteGroup, httpRouteGroupKind } from "./smi/httproutegroup.ts";
import {
  type SmiTcpRoute,
  type SmiUdpRoute,
  smiTcpRouteKind,
  smiUdpRouteKind,
} from "./smi/tcproute.ts";
import { type TrafficSplit, trafficSplitKind } from "./smi/trafficsplit.ts";

/** Every kind there is. To add one: a file, its test, a line here. */
export const kinds: readonly Kind[] = [
  serviceKind,
  processKind,
  workloadKind,
  placementKind,
  contractKind,
  faultKind,
  retryPolicyKind,
  timeoutPolicyKind,
  circuitBreakerKind,
  balancingPolicyKind,
  healthCheckKind,
  rateLimitKind,
  concurrencyLimitKind,
  rolloutKind,
  meshKind,
  gatewayClassKind,
  gatewayKind,
  httpRouteKind,
  grpcRouteKind,
  tlsRouteKind,
  tcpRouteKind,
  udpRouteKind,
  referenceGrantKind,
  backendTlsPolicyKind,
  backendTrafficPolicyKind,
  xMeshKind,
  configMapKind,
  httpRouteGroupKind,
  smiTcpRouteKind,
  smiUdpRouteKind,
  trafficSplitKind,
  eventKind,
];

/** A resource of a kind of the table, told apart by `kind`; of SMI's namesakes by `apiVersion` as well. */
export type KnownResource =
  | Service
  | Process
  | Workload
  | Placement
  | Contract
  | Fault
  | RetryPolicy
  | TimeoutPolicy
  | CircuitBreaker
  | BalancingPolicy
  | HealthCheck
  | RateLimit
  | ConcurrencyLimit
  | Rollout
  | Mesh
  | GatewayClass
  | Gateway
  | HttpRoute
  | GrpcRoute
  | TlsRoute
  | TcpRoute
  | UdpRoute
  | ReferenceGrant
  | BackendTlsPolicy
  | BackendTrafficPolicy
  | XMesh
  | ConfigMap
  | HttpRouteGroup
  | SmiTcpRoute
  | SmiUdpRoute
  | TrafficSplit
  | Event;

const byVersion: ReadonlyMap<string, Kind> = new Map(
  kinds
    .flatMap((kind) => [kind, ...kind.served])
    .map((kind) => [`${apiVersion(kind.group, kind.version)} ${kind.kind}`, kind]),
);

/** The kind that `apiVersion` and `kind` name, in that version, or null. */
export function findKind(version: string, kind: string): Kind | null {
  return byVersion.get(`${version} ${kind}`) ?? null;
}

/**
 * The kinds that a word of a person means: `kvs` none, `service`, `services`, `svc`, `Service` one, `tcproutes` that of
 * each group that has one; with a group one again, and with a version it in that: `tcproutes.v1alpha2.gateway.networking.k8s.io`.
 */
export function findKindsByWord(word: string): readonly Kind[] {
  const [name = "", ...rest] = word.toLowerCase().split(".");
  const below = rest.join(".");
  return kinds.flatMap((kind) => {
    if (![kind.singular, kind.plural, ...kind.shortNames].includes(name)) return [];
    if (below === "" || below === kind.group) return [kind];
    return [kind, ...kind.served].filter(
      ({ group, version }) => below === (group === "" ? version : `${version}.${group}`),
    );
  });
}

/** The one kind that a word means; null where it means none, or more than one. */
export function findKindByWord(word: string): Kind | null {
  const found = findKindsByWord(word);
  return found.length === 1 ? found[0]! : null;
}
