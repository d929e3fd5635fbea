import { X509Certificate } from "node:crypto";
import { type SpiffeId, toSpiffeId } from "../model/identity.ts";

/** When a certificate is good, in wall ms. */
export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** The validity of the first certificate of a PEM text. Throws where there is none. */
export function leafValidity(chainPem: string): Validity {
  return validityOf(new X509Certificate(chainPem));
}

/** The SPIFFE ID of the first certificate of a PEM text, or null where it is no SVID. */
export function leafSpiffeId(chainPem: string): SpiffeId | null {
  return spiffeIdOf(new X509Certificate(chainPem));
}

export function validityOf(certificate: X509Certificate): Validity {
  return {
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
  };
}

/** The SPIFFE ID of an X.509 SVID: its only URI name (X509-SVID §2). Null for any other certificate. */
export function spiffeIdOf(certificate: X509Certificate): SpiffeId | null {
  const names = certificate.subjectAltName?.split(", ") ?? [];
  const uris = names.filter((name) => name.startsWith("URI:"));
  return uris.length === 1 ? toSpiffeId(uris[0]!.slice("URI:".length)) : null;
}

/** All certificates of a PEM text, in order. Throws where one is malformed. */
export function parseCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}
