import { X509Certificate } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { parseSpiffeId, type SpiffeId } from "../model/identity.ts";
import type { PeerVerdict, PeerVerifier } from "../net/transport.ts";
import { parseCertificates, spiffeIdOf, validityOf } from "./certificate.ts";

export interface Trust {
  /** Roots of the mesh, PEM. Asked at every handshake, so that a new bundle counts at once. */
  readonly bundlePem: () => string;
  /** Null: any that a root of the bundle vouches for (while enrolling, before our own is known). */
  readonly trustDomain: string | null;
  readonly clock: Clock;
  /** Identities and SHA-256 fingerprints of leaves (hex, colons) that are refused whatever they present. */
  readonly denied?: ReadonlySet<string>;
}

/** How far the clocks of two hosts may differ, in ms. */
export const clockSkewMs = 20_000;
/** Leaf, intermediates, root. */
const chainLengthMax = 5;

/**
 * The rule by which a peer is believed, after every handshake: its leaf leads by signatures to a root of the bundle,
 * all of them are valid now, the leaf is an X.509 SVID of our trust domain and not on the deny list. Never throws.
 */
export function makePeerVerifier(trust: Trust): PeerVerifier {
  let pem = "";
  let roots: readonly X509Certificate[] = [];
  return (chainDer) => {
    try {
      const bundlePem = trust.bundlePem();
      if (bundlePem !== pem) {
        roots = parseCertificates(bundlePem);
        pem = bundlePem;
      }
      return verify(chainDer, roots, trust);
    } catch (cause) {
      return refuse(`malformed certificate: ${(cause as Error).message}`);
    }
  };
}

/** As `verifier`, and the peer must be one that `isExpected`: for a dialler that knows whom it calls. */
export function expectPeer(
  verifier: PeerVerifier,
  isExpected: (id: SpiffeId) => boolean,
): PeerVerifier {
  return (chainDer) => {
    const verdict = verifier(chainDer);
    if (!verdict.ok || isExpected(verdict.id)) return verdict;
    return refuse(`${verdict.id} is not whom we called`);
  };
}

function verify(
  chainDer: readonly Uint8Array[],
  roots: readonly X509Certificate[],
  trust: Trust,
): PeerVerdict {
  const nowMs = trust.clock.wallMs();
  const first = chainDer[0];
  if (first === undefined) return refuse("no certificate");
  if (chainDer.length > chainLengthMax) return refuse("chain too long");
  const leaf = new X509Certificate(Buffer.from(first));
  if (leaf.ca) return refuse("leaf is a certificate authority"); // X509-SVID §4.1
  const id = spiffeIdOf(leaf);
  if (id === null) return refuse("not an X.509 SVID: exactly one SPIFFE URI expected");
  if (trust.trustDomain !== null && parseSpiffeId(id)?.trustDomain !== trust.trustDomain) {
    return refuse(`foreign id ${id}`);
  }
  if (trust.denied?.has(id) || trust.denied?.has(leaf.fingerprint256)) {
    return refuse(`${id} is on the deny list`);
  }
  let current = leaf;
  for (let next = 1; ; next++) {
    const outside = outsideValidity(current, nowMs);
    if (outside !== null) return refuse(outside);
    const root = roots.find((candidate) => isIssuer(candidate, current));
    if (root !== undefined) {
      const expired = outsideValidity(root, nowMs);
      return expired === null ? { ok: true, id } : refuse(`root ${expired}`);
    }
    const der = chainDer[next];
    if (der === undefined) return refuse("no path to a root of the bundle");
    const issuer = new X509Certificate(Buffer.from(der));
    if (!isIssuer(issuer, current)) return refuse("chain is not in order of issue");
    current = issuer;
  }
}

function isIssuer(issuer: X509Certificate, subject: X509Certificate): boolean {
  return issuer.ca && subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}

function outsideValidity(certificate: X509Certificate, nowMs: number): string | null {
  const { notBeforeMs, notAfterMs } = validityOf(certificate);
  if (nowMs < notBeforeMs - clockSkewMs) return `not valid before ${certificate.validFrom}`;
  if (nowMs > notAfterMs) return `expired at ${certificate.validTo}`;
  return null;
}

function refuse(detail: string): PeerVerdict {
  return { ok: false, detail };
}
