import type { RequestHead } from "../model/head.ts";

/** Offers that a server may ignore without harm: the client goes on in HTTP/1.1 (RFC 9110 §7.8, RFC 9113 §3.1). */
const ignorable = /^(?:h2c|http\/2(?:\.0)?|tls\/[\d.]+)$/i;

/**
 * The other protocol that a client asks for and cannot do without, as `Upgrade: websocket` or a tunnel; null for none. It is
 * not forwarded yet: a server's answer to a request without it would only puzzle the client, and a tunnel that the
 * application opened could not be used.
 */
export function neededUpgrade(head: RequestHead): string | null {
  if (head.method === "CONNECT") return "CONNECT";
  const offered = head.get("upgrade");
  if (offered === null || !/\bupgrade\b/i.test(head.get("connection") ?? "")) return null;
  return offered.split(",").every((offer) => ignorable.test(offer.trim()))
    ? null
    : `Upgrade: ${offered}`;
}
