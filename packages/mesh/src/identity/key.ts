import { createHash, createPublicKey, generateKeyPair } from "node:crypto";
import { promisify } from "node:util";

/** A private key that never leaves its process but for the 0600 file of its generation. */
export interface KeyPair {
  /** PKCS #8. */
  readonly privatePem: string;
  /** SPKI. */
  readonly publicPem: string;
}

/** A fresh P-256 key. */
export async function generateKey(): Promise<KeyPair> {
  const pair = await promisify(generateKeyPair)("ec", { namedCurve: "P-256" });
  return {
    privatePem: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicPem: pair.publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}

/** SHA-256 of a public key's SPKI in DER, base64: what a one-time token is bound to. Null for any other text. */
export function keyFingerprint(publicPem: string): string | null {
  try {
    const der = createPublicKey(publicPem).export({ type: "spki", format: "der" });
    return createHash("sha256").update(der).digest("base64");
  } catch {
    return null;
  }
}
