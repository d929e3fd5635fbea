import { formatSpiffeId, type SpiffeId, toSpiffeId } from "@heddle/mesh/model/identity.ts";
import type { PeerVerdict, PeerVerifier, TlsCredentials } from "@heddle/mesh/net/transport.ts";
import { meshSettings } from "@heddle/mesh/resource/heddle/mesh.ts";

/** Trust domain of a mesh without a Mesh resource. */
const { trustDomain } = meshSettings(null);

/** The identity of a service account in namespace `default`. */
export function identityOf(serviceAccount: string, namespace = "default"): SpiffeId {
  return formatSpiffeId({ trustDomain, namespace, serviceAccount })!;
}

/** Credentials as the simulated network knows them: a label. */
export function labelCredentials(spiffeId: SpiffeId): TlsCredentials {
  return { generation: 1, spiffeId, keyPem: "", chainPem: "", bundlePem: "" };
}

/** Accepts everybody who has a label of the mesh. */
export const verifyMember: PeerVerifier = (chain) => {
  const id = labelOf(chain);
  return id === null ? { ok: false, detail: "no label of this mesh" } : { ok: true, id };
};

/** Accepts `expected` alone. */
export function verifyPeer(expected: SpiffeId): PeerVerifier {
  return (chain): PeerVerdict => {
    const id = labelOf(chain);
    return id === expected
      ? { ok: true, id }
      : { ok: false, detail: `expected ${expected}, got ${id ?? "no label"}` };
  };
}

function labelOf(chain: readonly Uint8Array[]): SpiffeId | null {
  const [label] = chain;
  return label === undefined ? null : toSpiffeId(Buffer.from(label).toString("latin1"));
}
