import { createHash } from "node:crypto";

/** RFC 6455 §1.3. */
const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * The nonce of a handshake that a proxy makes for a caller whose HTTP/2 has none (RFC 8441 §5): 16 octets in base64. It proves
 * that what answers speaks WebSocket and keeps nothing secret, so that it may be derived.
 * @param salt different for each handshake
 */
export function websocketKey(salt: string): string {
  return createHash("sha256").update(salt).digest().toString("base64", 0, 16);
}

/** `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key` (RFC 6455 §4.2.2). */
export function websocketAccept(key: string): string {
  return createHash("sha1").update(`${key}${MAGIC}`).digest("base64");
}
