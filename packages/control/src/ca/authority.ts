import "reflect-metadata";
import { createPrivateKey, createPublicKey, webcrypto, X509Certificate } from "node:crypto";
import type { Clock } from "@heddle/mesh/base/clock.ts";
import type { SpiffeId } from "@heddle/mesh/model/identity.ts";
import * as x509 from "@peculiar/x509";

/** The root of trust: a self-signed P-256 certificate and its key. */
export interface Root {
  /** PKCS #8. Whoever has it is the mesh. */
  readonly keyPem: string;
  readonly certificatePem: string;
}

export interface AuthorityOptions {
  readonly root: Root;
  readonly clock: Clock;
  /** Unguessable bytes, for serial numbers. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** How long a leaf is good, in ms. Default 24 h. */
  readonly leafLifeMs?: number;
}

/** Clocks of proxies may be behind by this much, in ms: a leaf is good from so long before it was made. */
const backdateMs = 20_000;
const leafLifeMs = 24 * 3_600_000;
const rootLifeMs = 3_650 * 24 * 3_600_000;
const signing = { name: "ECDSA", hash: "SHA-256" } as const;
const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256" } as const;

/** Makes a root for a new mesh. */
export async function createRoot(
  options: Omit<AuthorityOptions, "root"> & { readonly trustDomain: string },
): Promise<Root> {
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
  const nowMs = options.clock.wallMs();
  const name = `CN=heddle root ${options.trustDomain}`;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(options.randomBytes),
    subject: name,
    issuer: name,
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(nowMs + rootLifeMs),
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: signing,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      // The trust domain alone: X509-SVID §4.2, for a signing certificate.
      new x509.SubjectAlternativeNameExtension([
        { type: "url", value: `spiffe://${options.trustDomain}` },
      ]),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  return {
    keyPem: key.export({ type: "pkcs8", format: "pem" }).toString(),
    certificatePem: `${certificate.toString("pem")}\n`,
  };
}

/** Signs X.509 SVIDs: a leaf says one SPIFFE ID, about a key that its owner proved to hold elsewhere. */
export class Authority {
  readonly #options: AuthorityOptions;
  readonly #root: x509.X509Certificate;
  #key: webcrypto.CryptoKey | null = null;

  constructor(options: AuthorityOptions) {
    this.#options = options;
    this.#root = new x509.X509Certificate(options.root.certificatePem);
  }

  /** Whom members of the mesh trust, PEM. */
  get bundlePem(): string {
    return this.#options.root.certificatePem;
  }

  /** The first bytes of the root's SHA-256, for people: `2af3:91c0`. */
  get fingerprint(): string {
    const hex = new X509Certificate(this.bundlePem).fingerprint256.replaceAll(":", "");
    return `${hex.slice(0, 4)}:${hex.slice(4, 8)}`.toLowerCase();
  }

  /** A leaf for `id` over the P-256 key in `publicPem` (SPKI), PEM. Throws where the key is no such key. */
  async issue(id: SpiffeId, publicPem: string): Promise<string> {
    const { clock, randomBytes } = this.#options;
    const nowMs = clock.wallMs();
    const publicKey = await importPublic(publicPem);
    this.#key ??= await importPrivate(this.#options.root.keyPem);
    const { digitalSignature } = x509.KeyUsageFlags;
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(randomBytes),
      issuer: this.#root.subject,
      notBefore: new Date(nowMs - backdateMs),
      notAfter: new Date(nowMs + (this.#options.leafLifeMs ?? leafLifeMs)),
      publicKey,
      signingKey: this.#key,
      signingAlgorithm: signing,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([
          x509.ExtendedKeyUsage.serverAuth,
          x509.ExtendedKeyUsage.clientAuth,
        ]),
        await x509.AuthorityKeyIdentifierExtension.create(this.#root.publicKey),
        await x509.SubjectKeyIdentifierExtension.create(publicKey),
        // No subject, so RFC 5280 §4.2.1.6 wants this one critical; a URI and nothing else (X509-SVID §2).
        new x509.SubjectAlternativeNameExtension([{ type: "url", value: id }], true),
      ],
    });
    return `${certificate.toString("pem")}\n`;
  }
}

async function importPublic(publicPem: string): Promise<webcrypto.CryptoKey> {
  const key = createPublicKey(publicPem);
  if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") throw new Error("not a P-256 key");
  const spki = key.export({ type: "spki", format: "der" });
  return webcrypto.subtle.importKey("spki", spki, keyAlgorithm, true, ["verify"]);
}

function importPrivate(keyPem: string): Promise<webcrypto.CryptoKey> {
  const pkcs8 = createPrivateKey(keyPem).export({ type: "pkcs8", format: "der" });
  return webcrypto.subtle.importKey("pkcs8", pkcs8, keyAlgorithm, false, ["sign"]);
}

/** 16 bytes, positive (RFC 5280 §4.1.2.2). */
function serialNumber(randomBytes: (count: number) => Uint8Array): string {
  const bytes = Buffer.from(randomBytes(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40; // positive, and no leading zero byte
  return bytes.toString("hex");
}
