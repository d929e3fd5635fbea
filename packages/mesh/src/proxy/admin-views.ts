import { formatAddress } from "../model/address.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { Workload } from "./workload.ts";

/** What the proxy acts on. */
export function showSnapshot(
  snapshot: Snapshot | null,
  refused: Readonly<Record<string, unknown>>,
) {
  if (snapshot === null) return null;
  const { epoch, revision, endpointsVersion, documents } = snapshot;
  return { epoch, revision, endpointsVersion, refused, documents: Object.fromEntries(documents) };
}

/** Each backend with its endpoints as this proxy sees them: the picker's view, the pool's, and why one is away. */
export function showClusters(workload: Workload) {
  const nowMs = workload.upstream.context.clock.monotonicMs();
  return Array.from(workload.upstream.backends(), (backend) => ({
    service: backend.service,
    port: backend.port,
    waiting: backend.waitingCount,
    placement: backend.placement?.name ?? null,
    endpoints: backend.spec.members.map(({ target, phase }) => ({
      workload: target.endpoint.workload,
      uid: target.uid,
      address: target.endpoint.addressText,
      identity: target.endpoint.identity,
      phase,
      awayReason: target.awayReason,
      inFlight: target.endpoint.load.pending,
      loadMs: target.loadMs(nowMs),
      connections: target.pool.size,
      idle: target.pool.idleCount,
      idleLimitMs: target.pool.idleLimitMs,
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
