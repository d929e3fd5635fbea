import { formatSpiffeId, type Identity, parseSpiffeId, type SpiffeId } from "../model/identity.ts";

/** Namespace of heddle's own parts. No Process may live there. */
export const systemNamespace = "heddle-system";

const controlAccount = "control";
const guestAccount = "guest";

/** Who the control plane is. */
export function controlIdentity(trustDomain: string): SpiffeId {
  return known({ trustDomain, namespace: systemNamespace, serviceAccount: controlAccount });
}

/** Is `id` the control plane of its trust domain? */
export function isControl(id: SpiffeId): boolean {
  const identity = parseSpiffeId(id);
  return identity?.namespace === systemNamespace && identity.serviceAccount === controlAccount;
}

/**
 * Stands for a peer that presented no certificate, at the one door that lets such a peer in: enrolment, where a
 * one-time token says who it is. No authority issues it.
 */
export function guestIdentity(trustDomain: string): SpiffeId {
  return known({ trustDomain, namespace: systemNamespace, serviceAccount: guestAccount });
}

export function isGuest(id: SpiffeId): boolean {
  const identity = parseSpiffeId(id);
  return identity?.namespace === systemNamespace && identity.serviceAccount === guestAccount;
}

function known(identity: Identity): SpiffeId {
  const id = formatSpiffeId(identity);
  if (id === null) throw new Error(`not a trust domain: ${identity.trustDomain}`);
  return id;
}
