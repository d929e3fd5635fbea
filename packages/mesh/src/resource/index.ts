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
import { type Workload, workloadKind } from "./heddle/workload.ts";
import { apiVersion, type Kind } from "./kind.ts";

/** Every kind there is. To add one: a file, its test, a line here. */
export const kinds: readonly Kind[] = [
  serviceKind,
  processKind,
  workloadKind,
  placementKind,
  contractKind,
  faultKind,
  meshKind,
  gatewayClassKind,
  gatewayKind,
  httpRouteKind,
  tlsRouteKind,
  eventKind,
];

/** A resource of a kind of the table, told apart by `kind`. */
export type KnownResource =
  | Service
  | Process
  | Workload
  | Placement
  | Contract
  | Fault
  | Mesh
  | GatewayClass
  | Gateway
  | HttpRoute
  | TlsRoute
  | Event;

/** The kind that `apiVersion` and `kind` name, or null. */
export function findKind(version: string, kind: string): Kind | null {
  const found = kinds.find(
    (one) => one.kind === kind && apiVersion(one.group, one.version) === version,
  );
  return found ?? null;
}

/** The kind that a word of a person means: `kvs` no, `service`, `services`, `svc`, `Service`, `services.v1` yes. */
export function findKindByWord(word: string): Kind | null {
  const lower = word.toLowerCase();
  const found = kinds.find(({ singular, plural, shortNames, group }) => {
    const names = [singular, plural, ...shortNames];
    return names.includes(lower) || (group !== "" && lower === `${plural}.${group}`);
  });
  return found ?? null;
}
