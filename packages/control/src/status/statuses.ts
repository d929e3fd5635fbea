import type { AncestorClaims, Claims, ParentClaims } from "@heddle/mesh/resource/compile/claims.ts";
import type { CompiledGateway } from "@heddle/mesh/resource/compile/compiled.ts";
import type { AnyRoute } from "@heddle/mesh/resource/compile/route-claims.ts";
import type { WorkloadView } from "@heddle/mesh/resource/compile/workload-view.ts";
import type { Gateway, GatewayStatus } from "@heddle/mesh/resource/gateway-api/gateway.ts";
import { heddleController } from "@heddle/mesh/resource/gateway-api/gatewayclass.ts";
import type { RouteStatus } from "@heddle/mesh/resource/gateway-api/httproute.ts";
import type { PolicyStatus } from "@heddle/mesh/resource/gateway-api/policy-status.ts";
import { gatewayGroup, type ParentReference } from "@heddle/mesh/resource/gateway-api/reference.ts";
import { type Contract, holdsCondition } from "@heddle/mesh/resource/heddle/contract.ts";
import type { Process } from "@heddle/mesh/resource/heddle/process.ts";
import type { Workload, WorkloadStatus } from "@heddle/mesh/resource/heddle/workload.ts";
import type { Condition, ConditionClaim, Resource } from "@heddle/mesh/resource/meta.ts";
import type { ProcessObserved, WorkloadObserved } from "../host/link.ts";
import { isSameData } from "../revision/revision.ts";
import type { Rollout } from "../watch/restarts.ts";
import { capturedClaims } from "./captured.ts";
import { conditionsOf } from "./conditions.ts";

/** What is said of a Workload. `inbound` is written down once it is an endpoint, for the next life of the control plane. */
export function workloadStatus(
  workload: Workload,
  view: WorkloadView,
  observed: WorkloadObserved | null,
): WorkloadStatus {
  const process = observed?.app ?? observed?.proxy ?? null;
  const { state, inbound, ports } = view;
  const reason = state?.phase === "away" ? state.reason : (process?.reason ?? null);
  const isReady = process?.ready === true;
  return {
    phase: phaseOf(workload, process),
    ready: isReady,
    ...(isReady || reason === null ? {} : { reason }),
    restarts: process?.restarts ?? 0,
    ...(process?.pid == null ? {} : { pid: process.pid }),
    ...(state !== null && inbound?.kind === "tcp"
      ? { inbound: { host: inbound.host, port: inbound.port } }
      : {}),
    ports: ports.flatMap(({ name, address }) =>
      address.kind === "tcp" ? [{ name, port: address.port }] : [],
    ),
  };
}

function phaseOf(
  workload: Workload,
  process: ProcessObserved | null,
): NonNullable<WorkloadStatus["phase"]> {
  if (workload.metadata.deletionTimestamp !== undefined) return "Draining";
  switch (process?.phase) {
    case "running":
    case "stopping":
      return "Running";
    case "exited":
      return process.reason === "exited with code 0" ? "Succeeded" : "Failed";
    default:
      return "Pending";
  }
}

/** What is said of a Process. `rollout` null: all of it runs as its spec says. */
export function processStatus(
  process: Process,
  workloads: readonly Workload[],
  rollout: Rollout | null,
  now: string,
): unknown {
  const own = workloads.filter(
    ({ metadata, spec }) =>
      spec.process === process.metadata.name && metadata.namespace === process.metadata.namespace,
  );
  const generation = process.metadata.generation ?? 0;
  return {
    ...process.status,
    replicas: own.length,
    readyReplicas: own.filter(({ status }) => status?.ready === true).length,
    observedGeneration: generation,
    conditions: conditionsOf(
      [progress(rollout), ...capturedClaims(process, own)],
      process.status?.conditions,
      generation,
      now,
    ),
  };
}

/** Condition and reasons as a Deployment's. */
export function progress(rollout: Rollout | null): ConditionClaim {
  const type = "Progressing";
  if (rollout === null) {
    const message = "All of its workloads run as its spec says.";
    return { type, status: "True", reason: "NewReplicaSetAvailable", message };
  }
  const pending = rollout.pending.join(", ");
  if (!rollout.isStuck) {
    const message = `Restarted one after the other: ${pending} to come or not ready yet.`;
    return { type, status: "True", reason: "ReplicaSetUpdated", message };
  }
  const message = `A restarted workload does not become ready; still to come or not ready: ${pending}.`;
  return { type, status: "False", reason: "ProgressDeadlineExceeded", message };
}

/** The status of what is attached to others, in the form of its kind; null: nothing is said of it. */
export function attachedStatus(resource: Resource, claims: Claims, now: string): unknown {
  const { conditions, parents, ancestors } = claims;
  if (parents !== undefined) return routeStatus(resource as AnyRoute, parents, now);
  if (ancestors !== undefined) return ancestorStatus(resource, ancestors, now);
  return conditions === undefined ? null : conditionStatus(resource, conditions, now);
}

/** Kubernetes lets a status have so many entries, ours among them. */
const entriesMax = 32;

/** Our part of a route's status; what other controllers said of their parents stays. Null: neither said anything. */
function routeStatus(
  route: AnyRoute,
  claims: readonly ParentClaims[],
  now: string,
): RouteStatus | null {
  const before = (route.status as RouteStatus | undefined)?.parents ?? [];
  const others = before.filter(({ controllerName }) => controllerName !== heddleController);
  const ours = claims.map(({ parent, conditions }) => {
    const parentRef = route.spec.parentRefs![parent]!;
    const known = before.find((one) => isOurs(one, one.parentRef, parentRef));
    return entryOf(route, { parentRef }, conditions, known?.conditions, now);
  });
  if (claims.length === 0 && route.status === undefined) return null;
  return { parents: [...others, ...ours].slice(0, entriesMax) };
}

/** The same for a policy, by what it is about (GEP-713, PolicyAncestorStatus). */
function ancestorStatus(
  policy: Resource,
  claims: readonly AncestorClaims[],
  now: string,
): PolicyStatus | null {
  const before = (policy.status as PolicyStatus | undefined)?.ancestors ?? [];
  const others = before.filter(({ controllerName }) => controllerName !== heddleController);
  const ours = claims.map(({ ancestor, conditions }) => {
    const known = before.find((one) => isOurs(one, one.ancestorRef, ancestor));
    return entryOf(policy, { ancestorRef: ancestor }, conditions, known?.conditions, now);
  });
  if (claims.length === 0 && policy.status === undefined) return null;
  return { ancestors: [...others, ...ours].slice(0, ancestorsMax) };
}

/** As PolicyStatus says. */
const ancestorsMax = 16;

function isOurs(
  { controllerName }: { readonly controllerName: string },
  known: ParentReference,
  wanted: ParentReference,
): boolean {
  return controllerName === heddleController && isSameData(known, wanted);
}

function entryOf<Of extends object>(
  resource: Resource,
  of: Of,
  claims: readonly ConditionClaim[],
  before: readonly Condition[] | undefined,
  now: string,
) {
  const generation = resource.metadata.generation ?? 0;
  const ours = conditionsOf(claims, before, generation, now);
  // What others wrote beside ours stays, as long as there is room.
  const theirs = (before ?? []).filter(({ type }) => !ourConditions.has(type));
  const conditions = [...ours, ...theirs].slice(0, conditionsMax);
  return { ...of, controllerName: heddleController, conditions };
}

/** Types of conditions that are ours to set, and to take back. */
const ourConditions: ReadonlySet<string> = new Set([
  "Accepted",
  "ResolvedRefs",
  "PartiallyInvalid",
]);
const conditionsMax = 8;

export interface GatewayFacts {
  /** Why its proxy does not serve yet; null: it does. */
  readonly waiting: string | null;
  /** Ports that are not bound, and why. */
  readonly unbound: ReadonlyMap<number, string>;
}

export function gatewayStatus(
  gateway: Gateway,
  compiled: CompiledGateway,
  facts: GatewayFacts,
  now: string,
): GatewayStatus {
  const generation = gateway.metadata.generation ?? 0;
  const before = gateway.status;
  const [pending = facts.waiting] = facts.unbound.values();
  const hosts = [...new Set(compiled.sockets.map(({ host }) => host))];
  return {
    addresses: hosts.map((value) => ({ type: "IPAddress", value })),
    conditions: conditionsOf(
      [...compiled.conditions, programmed(pending)],
      before?.conditions,
      generation,
      now,
    ),
    listeners: compiled.listeners.map(({ name, kinds, attachedRoutes, conditions }, index) => ({
      name,
      supportedKinds: kinds.map((kind) => ({ group: gatewayGroup, kind })),
      attachedRoutes,
      conditions: conditionsOf(
        [...conditions, listenerProgrammed(conditions, gateway.spec.listeners[index]!.port, facts)],
        before?.listeners?.find((one) => one.name === name)?.conditions,
        generation,
        now,
      ),
    })),
  };
}

/** A listener is as its own port is: that of another one may be taken while it serves. */
function listenerProgrammed(
  conditions: readonly ConditionClaim[],
  port: number,
  { waiting, unbound }: GatewayFacts,
): ConditionClaim {
  const isRefused = conditions.some(({ status }) => status === "False");
  if (isRefused) return { ...programmed("It is not served."), reason: "Invalid" };
  return programmed(unbound.get(port) ?? waiting);
}

/** @param pending why it does not listen yet; null: it does */
function programmed(pending: string | null): ConditionClaim {
  const type = "Programmed";
  return pending === null
    ? { type, status: "True", reason: "Programmed", message: "It listens." }
    : { type, status: "False", reason: "Pending", message: pending };
}

/** As `conditionStatus`; what `heddle verify` said stays until it says another thing. */
export function contractStatus(
  contract: Contract,
  claims: readonly ConditionClaim[],
  said: ConditionClaim | null,
  now: string,
): { readonly conditions: readonly Condition[] } {
  const known = contract.status?.conditions?.find(({ type }) => type === holdsCondition);
  if (said !== null) return conditionStatus(contract, [...claims, said], now);
  const { conditions } = conditionStatus(contract, claims, now);
  return { conditions: known === undefined ? conditions : [...conditions, known] };
}

/** A status that is its conditions alone. */
export function conditionStatus(
  resource: Resource,
  claims: readonly ConditionClaim[],
  now: string,
): { readonly conditions: readonly Condition[] } {
  const before = (resource.status as { conditions?: Condition[] } | undefined)?.conditions;
  return { conditions: conditionsOf(claims, before, resource.metadata.generation ?? 0, now) };
}
