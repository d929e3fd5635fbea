/**
 * The octets of a message body, told by its number alone: whoever receives a piece of one can say whether each octet is
 * the right one at its place, and of which message a wrong one is.
 */
export function patternOctet(message: number, offset: number): number {
  return (Math.imul(message, 0x9e3779b1) + Math.imul(offset, 0x85ebca77) + (offset >>> 8)) >>> 24;
}

/** Octets `[from, to)` of the body of `message`. */
export function patternBytes(message: number, from: number, to: number): Buffer {
  const bytes = Buffer.allocUnsafe(to - from);
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = patternOctet(message, from + index);
  }
  return bytes;
}

/** The offset in the body at which `bytes[start, end)` first differs from the pattern, or -1. */
export function patternFault(
  message: number,
  offset: number,
  bytes: Buffer,
  start: number,
  end: number,
): number {
  for (let index = start; index < end; index++) {
    if (bytes[index] !== patternOctet(message, offset + index - start))
      return offset + index - start;
  }
  return -1;
}
