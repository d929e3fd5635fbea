import { createPublicKey, sign, verify } from "node:crypto";

/**
 * What a proof of possession signs. The purpose and the workload are part of it, so that a signature made for one is
 * worth nothing for another; a renewal runs inside the connection of the workload itself and needs no token.
 */
export type Claim =
  | { readonly purpose: "enrol"; readonly workloadUid: string; readonly token: string }
  | { readonly purpose: "renew"; readonly workloadUid: string };

/** Signs `claim` with a PKCS #8 private key: ECDSA over SHA-256, DER, base64. */
export function prove(claim: Claim, privatePem: string): string {
  return sign("sha256", encode(claim), privatePem).toString("base64");
}

/** Was `proof` made over `claim` by the private half of `publicPem`, a P-256 key? False for anything malformed. */
export function isProven(claim: Claim, publicPem: string, proof: string): boolean {
  try {
    const key = createPublicKey(publicPem);
    if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") return false;
    return verify("sha256", encode(claim), key, Buffer.from(proof, "base64"));
  } catch {
    return false;
  }
}

function encode(claim: Claim): Buffer {
  switch (claim.purpose) {
    case "enrol":
      return Buffer.from(`heddle-enrol:${claim.workloadUid}:${claim.token}`);
    case "renew":
      return Buffer.from(`heddle-renew:${claim.workloadUid}`);
  }
}
