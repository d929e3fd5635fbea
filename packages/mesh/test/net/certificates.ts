import "reflect-metadata";
import { webcrypto, X509Certificate } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { type SpiffeId, toSpiffeId } from "../../src/model/identity.ts";
import type { PeerVerifier, TlsCredentials } from "../../src/net/transport.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

type ServerCertificate = Pick<TlsCredentials, "keyPem" | "chainPem" | "bundlePem">;

/** A certificate authority for tests: EC P-256, leaves with one SPIFFE ID. */
export class TestAuthority {
  readonly #root: x509.X509Certificate;
  readonly #key: webcrypto.CryptoKeyPair;
  #serial = 1;

  private constructor(root: x509.X509Certificate, key: webcrypto.CryptoKeyPair) {
    this.#root = root;
    this.#key = key;
  }

  static async make(): Promise<TestAuthority> {
    x509.cryptoProvider.set(webcrypto as Crypto);
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const root = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: "01",
      name: "CN=test root",
      notBefore: new Date("2020-01-01"),
      notAfter: new Date("2050-01-01"),
      signingAlgorithm: algorithm,
      keys,
      extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
    });
    return new TestAuthority(root, keys);
  }

  async issue(serviceAccount: string, generation = 1): Promise<TlsCredentials> {
    const spiffeId = `spiffe://mesh.test/ns/default/sa/${serviceAccount}` as SpiffeId;
    return { generation, spiffeId, ...(await this.#leaf({ type: "url", value: spiffeId })) };
  }

  /** For a server that is no workload: DNS names, and URIs. */
  async issueServer(...names: readonly string[]): Promise<ServerCertificate> {
    return this.#leaf(
      ...names.map((value) => ({ type: value.includes(":") ? "url" : "dns", value }) as const),
    );
  }

  async #leaf(...names: readonly x509.JsonGeneralName[]): Promise<ServerCertificate> {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const leaf = await x509.X509CertificateGenerator.create({
      serialNumber: (++this.#serial).toString(16).padStart(2, "0"),
      issuer: this.#root.subject,
      notBefore: new Date("2020-01-01"),
      notAfter: new Date("2050-01-01"),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: this.#key.privateKey,
      extensions: [
        new x509.SubjectAlternativeNameExtension([...names], true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      ],
    });
    const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
    return {
      keyPem: x509.PemConverter.encode(pkcs8, "PRIVATE KEY"),
      chainPem: leaf.toString("pem"),
      bundlePem: this.#root.toString("pem"),
    };
  }
}

/** Reads the SPIFFE ID out of a leaf, or out of a simulated peer's label. Believes whatever it says. */
export const believe: PeerVerifier = (chain) => {
  const leaf = chain[0];
  if (leaf === undefined) return { ok: false, detail: "no certificate" };
  const isCertificate = leaf[0] === 0x30; // an ASN.1 SEQUENCE, and no letter
  const names = isCertificate
    ? new X509Certificate(leaf).subjectAltName?.slice("URI:".length)
    : Buffer.from(leaf).toString("latin1");
  const id = toSpiffeId(names ?? "");
  return id === null ? { ok: false, detail: "no SPIFFE ID" } : { ok: true, id };
};

/** Believes only one service account. */
export function believeOnly(serviceAccount: string): PeerVerifier {
  return (chain) => {
    const verdict = believe(chain);
    if (!verdict.ok || verdict.id.endsWith(`/${serviceAccount}`)) return verdict;
    return { ok: false, detail: `${verdict.id} is not ${serviceAccount}` };
  };
}
