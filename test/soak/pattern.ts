/** Octets of an endless sequence without short repetition, from `start` to `start + length`; the same at both ends. */
export function pattern(start: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at++) bytes[at] = octetAt(start + at);
  return bytes;
}

/** Is `bytes` the sequence from `start` on? */
export function isPattern(bytes: Buffer, start: number): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== octetAt(start + at)) return false;
  return true;
}

function octetAt(at: number): number {
  return (Math.imul(at ^ (at >>> 7), 2_654_435_761) >>> 24) & 0xff;
}
