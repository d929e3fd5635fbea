import type { Address } from "@heddle/mesh/model/address.ts";
import type { EndpointState, ProxyDoc } from "@heddle/mesh/model/document.ts";
import type { ServiceKey } from "@heddle/mesh/model/service-key.ts";
import type { WorkloadObserved } from "../host/link.ts";

/** What is known of one workload's way to becoming an endpoint. */
export interface Admission {
  /** Where its own proxy said that it takes requests for it; null before. */
  readonly acknowledged: Address | null;
  /** For which services; null: for all that it shall (so an earlier life of the control plane wrote down). */
  readonly serves: readonly ServiceKey[] | null;
  /** Was its application ready since? From then on it stays an endpoint, if an absent one. */
  readonly wasReady: boolean;
}

export const notAdmitted: Admission = {
  acknowledged: null,
  serves: null,
  wasReady: false,
};

export interface AdmissionInputs {
  /** Where its inbound socket is now. */
  readonly inbound: Address | null;
  readonly observed: WorkloadObserved | null;
  /** Has the supervisor reported at all? */
  readonly isHostKnown: boolean;
  readonly isDraining: boolean;
  readonly nowWallMs: number;
}

/** Takes note of a document that its own proxy has acknowledged. */
export function acknowledge(before: Admission, document: ProxyDoc | null): Admission {
  const inbound = document?.inbound ?? null;
  const hasPorts = inbound !== null && inbound.ports.length > 0;
  const acknowledged = hasPorts ? inbound.listener.address : null;
  const serves = [...new Set((inbound?.ports ?? []).map(({ service }) => service))];
  return { acknowledged, serves, wasReady: before.wasReady && acknowledged !== null };
}

/** Takes note of what the supervisor sees. */
export function observeReady(before: Admission, inputs: AdmissionInputs): Admission {
  if (before.wasReady || !isAcknowledged(before, inputs)) return before;
  return inputs.observed?.app?.ready === true ? { ...before, wasReady: true } : before;
}

/**
 * What callers are told of a workload. Null: nothing, it is no endpoint yet: its own proxy must have acknowledged where
 * it listens, and its application must have been ready since.
 *
 *   unknown ──proxy acknowledged──▶ acknowledged ──app ready──▶ ready ◀──▶ away
 *                                                                 └──deleted──▶ draining ──▶ gone
 */
export function endpointState(admission: Admission, inputs: AdmissionInputs): EndpointState | null {
  if (!isAcknowledged(admission, inputs) || !admission.wasReady) return null;
  if (inputs.isDraining) return { phase: "draining" };
  const app = inputs.observed?.app ?? null;
  if (app?.ready === true) return { phase: "ready" };
  // A supervisor that has not spoken yet after a restart of the control plane: nothing has changed.
  if (app === null && !inputs.isHostKnown) return { phase: "ready" };
  return {
    phase: "away",
    sinceWallMs: Math.round(app?.sinceWallMs ?? inputs.nowWallMs),
    reason: app?.reason ?? "not running",
  };
}

function isAcknowledged({ acknowledged }: Admission, { inbound }: AdmissionInputs): boolean {
  return inbound !== null && JSON.stringify(acknowledged) === JSON.stringify(inbound);
}
