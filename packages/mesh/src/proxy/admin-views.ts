import { formatAddress } from "../model/address.ts";
import type { Document } from "../model/document.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { Workload } from "./workload.ts";

/** What the proxy acts on, but for the key of values' hashes: whoever reads this could try values against it. */
export function showSnapshot(
  snapshot: Snapshot | null,
  refused: Readonly<Record<string, unknown>>,
) {
  if (snapshot === null) return null;
  const { epoch, revision, endpointsVersion, documents } = snapshot;
  const shown = Array.from(
    documents,
    ([key, document]) => [key, withoutHashKey(document)] as const,
  );
  return { epoch, revision, endpointsVersion, refused, documents: Object.fromEntries(shown) };
}

function withoutHashKey(document: Document): Document {
  if (document.kind !== "service" || document.contract === null) return document;
  return { ...document, contract: { ...document.contract, hashKey: "not shown" } };
}

/** Each backend with its endpoints as this proxy sees them: the picker's view, the pool's, and why one is away or out. */
export function showClusters(workload: Workload) {
  const nowMs = workload.upstream.context.clock.monotonicMs();
  return Array.from(workload.upstream.backends(), (backend) => ({
    service: backend.service,
    port: backend.port,
    waiting: backend.waitingCount,
    placement: backend.placement?.name ?? null,
    picker: backend.spec.policy.picker,
    eligible: backend.choice.count,
    isPanic: backend.choice.isPanic,
    requests: backend.caps.requests,
    endpoints: backend.spec.members.map(({ target, phase, zone, priority, labels }) => ({
      workload: target.endpoint.workload,
      uid: target.uid,
      address: target.endpoint.addressText,
      identity: target.endpoint.identity,
      phase,
      awayReason: target.awayReason,
      breaker: target.health.breakerPhase,
      isEjected: target.health.isEjected,
      isSick: target.health.isSick,
      weight: target.weight(nowMs),
      zone: zone ?? null,
      priority: priority ?? 0,
      labels: labels ?? {},
      inFlight: target.endpoint.load.pending,
      loadMs: target.loadMs(nowMs),
      connections: target.size,
      idle: target.idleCount,
      idleLimitMs: target.poolOf(target.speaks ?? "http/1.1").idleLimitMs,
    })),
  }));
}

/** Connections that others opened to this proxy. */
export function showConnections(workload: Workload) {
  const nowMs = workload.upstream.context.clock.monotonicMs();
  return Array.from(workload.connections.all(), ({ direction, connection, sinceMs }) => ({
    direction,
    local: formatAddress(connection.local),
    remote: formatAddress(connection.remote),
    peer: connection.peer?.id ?? null,
    ageMs: Math.round(nowMs - sinceMs),
    queuedBytes: connection.queuedBytes,
  }));
}
