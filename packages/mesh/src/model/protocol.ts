/**
 * What is spoken on a port of a service, as intent says it (`appProtocol`, annotations).
 *
 *   detect   nothing is said: the first octets of either side tell
 *   http     HTTP, in the version that the caller speaks
 *   http1    the process speaks HTTP/1.1 and nothing else: HTTP/2 callers are translated
 *   h2c      the process speaks HTTP/2 by prior knowledge (RFC 9113 §3.3), gRPC above all: HTTP/1.1 callers are translated
 *   tls      TLS from end to end: opaque but for the server name of its ClientHello
 *   opaque   octets
 */
export type PortProtocol = (typeof portProtocols)[number];

export const portProtocols = ["detect", "http", "http1", "h2c", "tls", "opaque"] as const;

/** A version of HTTP, as ALPN names it (RFC 7301 §6). */
export type HttpProtocol = "http/1.1" | "h2";

/** What a connection was found to carry. */
export type CarriedProtocol = (typeof carriedProtocols)[number];

/** The order is that of their numbers in packed batches. */
export const carriedProtocols = ["http/1.1", "h2", "tls", "tcp"] as const;

/** The version of HTTP that a process on such a port speaks, whatever its caller does; null: the caller's, or none at all. */
export function spokenVersion(protocol: PortProtocol): HttpProtocol | null {
  if (protocol === "http1") return "http/1.1";
  return protocol === "h2c" ? "h2" : null;
}
