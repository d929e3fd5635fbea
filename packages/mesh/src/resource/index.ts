import { type Event, eventKind } from "./core/event.ts";
import { type Service, serviceKind } from "./core/service.ts";
import { type Gateway, gatewayKind } from "./gateway-api/gateway.ts";
import { type GatewayClass, gatewayClassKind } from "./gateway-api/gatewayclass.ts";
import { type HttpRoute, httpRouteKind } from "./gateway-api/httproute.ts";
import { type TlsRoute, tlsRouteKind } from "./gateway-api/tlsroute.ts";
import { type Contract, contractKind } from "./heddle/contract.ts";
import { type Fault, faultKind } from "./heddle/fault.ts";
import { type Mesh, meshKind } from "./heddle/mesh.ts";
import { type Placement, placementKind } from "./heddle/placement.ts";
import { type Process, processKind } from "./heddle/process.ts";
import { type Rollout, rolloutKind } from "./heddle/rollout.ts";
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
  rolloutKind,
  meshKind,
  gatewayClassKind,
  gatewayKind,
  httpRouteKind,
  tlsRouteKind,
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
  | Rollout
  | Mesh
  | GatewayClass
  | Gateway
  | HttpRoute
  | TlsRoute
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
