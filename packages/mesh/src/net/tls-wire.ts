/** Labels of RFC 8446 §7.5 exporters; private ones start with EXPERIMENTAL (RFC 5705 §4). */
export const CHANNEL_LABEL = "EXPERIMENTAL-heddle-channel";
export const CHANNEL_BYTES = 16;

/**
 * How an acceptor says that it does not accept the dialler's identity. In TLS 1.3 the dialler's handshake is over before
 * the acceptor has seen a certificate, and Node offers no way to send an alert after its own verification: so the first
 * and only bytes that the acceptor sends are 32 that both ends, and nobody else, can derive from the session.
 * A dialler that gets them knows that no request of its was read.
 */
export const REFUSAL_LABEL = "EXPERIMENTAL-heddle-refusal";
export const REFUSAL_BYTES = 32;

/** Protocol names as they are in the ClientHello (RFC 7301 §3.1). */
export function formatAlpn(protocols: readonly string[]): Buffer {
  return Buffer.concat(
    protocols.map((name) => Buffer.from(String.fromCharCode(name.length) + name, "latin1")),
  );
}

/** The names, or null for bytes that are not a list of names. */
export function parseAlpn(wire: Uint8Array): string[] | null {
  const bytes = Buffer.from(wire.buffer, wire.byteOffset, wire.byteLength);
  const names: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + bytes[at]!;
    if (end > bytes.length || end === at + 1) return null;
    names.push(bytes.toString("latin1", at + 1, end));
    at = end;
  }
  return names;
}

/** Where `chosen` starts in the list of `parseAlpn`, as OpenSSL wants it; undefined where it was not offered. */
export function alpnOffset(offered: readonly string[], chosen: string): number | undefined {
  let offset = 0;
  for (const name of offered) {
    if (name === chosen) return offset;
    offset += 1 + name.length;
  }
  return undefined;
}

interface CertificateLink {
  readonly raw: Uint8Array;
  readonly issuerCertificate?: CertificateLink | undefined;
}

/**
 * The peer's chain in DER, leaf first. Node appends the issuers that it finds in the bundle; a self-signed one is left
 * out, since it is the verifier who knows which roots it trusts.
 */
export function chainOf(leaf: CertificateLink | undefined): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  let link: CertificateLink | undefined = leaf?.raw === undefined ? undefined : leaf;
  while (link !== undefined && chain.length < 8) {
    const issuer: CertificateLink | undefined = link.issuerCertificate;
    if (issuer === link && chain.length > 0) break;
    chain.push(link.raw);
    if (issuer === link) break;
    link = issuer;
  }
  return chain;
}
