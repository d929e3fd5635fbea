const HEADER_BYTES = 9;
const SETTINGS = 4;
const GOAWAY = 7;

/**
 * Are the first octets of a server a frame of HTTP/2 that may be its first (RFC 9113 §3.4, §6.5, §6.8): SETTINGS that acknowledge
 * nothing, or GOAWAY? No status line begins so.
 */
export function isFirstFrame(bytes: Buffer, start: number, end: number): boolean {
  if (end - start < HEADER_BYTES || bytes[start] !== 0) return false;
  const length = bytes.readUIntBE(start, 3);
  if (bytes.readUInt32BE(start + 5) !== 0) return false; // both are of the connection
  const type = bytes[start + 3];
  if (type === SETTINGS) return length % 6 === 0 && bytes[start + 4] === 0;
  return type === GOAWAY && length >= 8;
}
