import type { Brand } from "../base/brand.ts";

/** `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`; only the functions here make one. */
export type SpiffeId = Brand<string, "SpiffeId">;

export interface Identity {
  readonly trustDomain: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

const segment = /^[a-zA-Z0-9._-]+$/;
const domain = /^[a-z0-9._-]+$/;

/** The identity's SPIFFE ID (SPIFFE-ID §2). Null where a part is not allowed there. */
export function formatSpiffeId(identity: Identity): SpiffeId | null {
  const text = `spiffe://${identity.trustDomain}/ns/${identity.namespace}/sa/${identity.serviceAccount}`;
  return toSpiffeId(text);
}

/** The parts of a SPIFFE ID of this mesh's form, or null for any other text. */
export function parseSpiffeId(text: string): Identity | null {
  if (text.length > 2048 || !text.startsWith("spiffe://")) return null; // SPIFFE-ID §2.3
  const parts = text.slice("spiffe://".length).split("/");
  const [trustDomain, ns, namespace, sa, serviceAccount] = parts;
  if (parts.length !== 5 || ns !== "ns" || sa !== "sa") return null;
  if (!trustDomain || trustDomain.length > 255 || !domain.test(trustDomain)) return null;
  if (!namespace || !serviceAccount) return null;
  for (const part of [namespace, serviceAccount]) {
    if (!segment.test(part) || part === "." || part === "..") return null;
  }
  return { trustDomain, namespace, serviceAccount };
}

/** Brands a text that `parseSpiffeId` accepts. */
export function toSpiffeId(text: string): SpiffeId | null {
  return parseSpiffeId(text) === null ? null : (text as SpiffeId);
}
