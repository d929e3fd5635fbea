import type { RequestHead } from "../model/head.ts";

/** Offers that a server may ignore without harm: the client goes on in HTTP/1.1 (RFC 9110 §7.8, RFC 9113 §3.1). */
const ignorable = /^(?:h2c|http\/2(?:\.0)?|tls\/[\d.]+)$/i;

/**
 * The protocol that a client wants to change to and cannot do without, such as `websocket`; null for none. It is not
 * forwarded yet, and a server's answer to a request without it would only puzzle the client.
 */
export function neededUpgrade(head: RequestHead): string | null {
  const offered = head.get("upgrade");
  if (offered === null || !/\bupgrade\b/i.test(head.get("connection") ?? "")) return null;
  return offered.split(",").every((offer) => ignorable.test(offer.trim())) ? null : offered;
}
