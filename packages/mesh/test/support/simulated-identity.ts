import { type SpiffeId, toSpiffeId } from "@heddle/mesh/model/identity.ts";
import type { PeerVerifier } from "@heddle/mesh/net/transport.ts";

/** The identity of `account` in the mesh of the tests. */
export function idOf(account: string): SpiffeId {
  return toSpiffeId(`spiffe://mesh.test/ns/default/sa/${account}`)!;
}

/** The simulated network's chains are one label. */
export function acceptOnly(isAccepted: (id: SpiffeId) => boolean): PeerVerifier {
  return ([label]) => {
    const id = toSpiffeId(Buffer.from(label!).toString("latin1"));
    return id !== null && isAccepted(id) ? { ok: true, id } : { ok: false, detail: "not this one" };
  };
}
