import type { HttpRoute } from "../gateway-api/httproute.ts";
import { isServiceParent } from "../gateway-api/reference.ts";
import type { TlsRoute } from "../gateway-api/tlsroute.ts";
import type { Contract } from "../heddle/contract.ts";
import type { Fault } from "../heddle/fault.ts";
import { describeKey, type Placement } from "../heddle/placement.ts";
import { type ConditionClaim, namespacedName, namespaceOf } from "../meta.ts";
import { accepted, type ParentClaims, type Refusal, resolvedRefs } from "./claims.ts";
import { recordedClaim } from "./contract.ts";
import type { CompiledGateway } from "./gateway.ts";
import type { CompiledService } from "./service.ts";
import { carriesHttp } from "./service-port.ts";

interface Compiled {
  readonly services: ReadonlyMap<string, CompiledService>;
  readonly gateways: ReadonlyMap<string, CompiledGateway>;
}

/** What its parents say of an HTTPRoute, one entry for each parentRef that is ours, in order. */
export function routeClaims(route: HttpRoute, compiled: Compiled): readonly ParentClaims[] {
  return parentClaims(route, compiled, ({ parents }) => parents);
}

/** What its parents say of a TLSRoute, likewise. */
export function tlsRouteClaims(route: TlsRoute, compiled: Compiled): readonly ParentClaims[] {
  return parentClaims(route, compiled, ({ tlsParents }) => tlsParents);
}

function parentClaims(
  route: HttpRoute | TlsRoute,
  compiled: Compiled,
  claimsOf: (parent: CompiledService | CompiledGateway) => readonly ParentClaims[],
): readonly ParentClaims[] {
  const name = namespacedName(route);
  return (route.spec.parentRefs ?? []).flatMap((parent, index): ParentClaims | [] => {
    const key = `${parent.namespace ?? namespaceOf(route)}/${parent.name}`;
    const isMesh = isServiceParent(parent);
    const from = isMesh ? compiled.services.get(key) : compiled.gateways.get(key);
    const claims = from === undefined ? [] : claimsOf(from);
    const found = claims.find((one) => one.route === name && one.parent === index);
    if (found !== undefined) return found;
    if (!isMesh) return []; // a Gateway of another controller, or none: theirs to say
    const message = `There is no Service ${key}.`;
    const refusal = { reason: "NoMatchingParent", message };
    return { route: name, parent: index, conditions: [accepted([refusal]), resolvedRefs([])] };
  });
}

/** Does a Placement hold for all it targets? */
export function placementClaims(
  placement: Placement,
  compiled: Compiled,
): readonly ConditionClaim[] {
  const refusedBy = (service: CompiledService) =>
    service.lostPlacements.get(namespacedName(placement)) ?? keyless(placement, service);
  return [targetClaim(placement, compiled, refusedBy)];
}

/** A key in a request where no port of the Service has any. */
function keyless({ spec: { key } }: Placement, { doc }: CompiledService): Refusal | null {
  if (key.source === true || key.identity === true) return null;
  if (doc.ports.length === 0 || doc.ports.some(({ protocol }) => carriesHttp(protocol)))
    return null;
  const ports = doc.ports.map(({ number, protocol }) => `${number}=${protocol}`).join(", ");
  return {
    reason: "UnsupportedProtocol",
    message: `Service ${doc.namespace}/${doc.name} carries octets (${ports}), which have no ${describeKey(key)}: its connections fail as unsupported. A key by source or identity needs no request.`,
  };
}

/** Does a Contract hold for all it targets, and are requests recorded for it? */
export function contractClaims(contract: Contract, compiled: Compiled): readonly ConditionClaim[] {
  const held = targetClaim(contract, compiled, lostAs(contract, "lostContracts"));
  return [held, recordedClaim(contract)];
}

/** Does a Fault hold for all it targets? */
export function faultClaims(fault: Fault, compiled: Compiled): readonly ConditionClaim[] {
  return [targetClaim(fault, compiled, lostAs(fault, "lostFaults"))];
}

function lostAs(resource: Contract | Fault, as: "lostContracts" | "lostFaults") {
  return (service: CompiledService) => service[as].get(namespacedName(resource)) ?? null;
}

/** `Accepted`, by the Services that a resource targets. @param refusedBy why it does not hold for one; null: it does */
function targetClaim(
  resource: Placement | Contract | Fault,
  { services }: Compiled,
  refusedBy: (service: CompiledService) => Refusal | null,
): ConditionClaim {
  const refusals = resource.spec.targetRefs.flatMap((target): Refusal | [] => {
    const key = `${namespaceOf(resource)}/${target.name}`;
    const service = services.get(key);
    const message = `There is no Service ${key}.`;
    if (service === undefined) return { reason: "TargetNotFound", message };
    return refusedBy(service) ?? [];
  });
  return accepted(refusals);
}
