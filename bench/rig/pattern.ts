/** The bytes of streamed bodies, as `peers/origin.c` makes them: period 65,521, a prime, so that a lost, doubled or
 *  swapped buffer of any usual size shows. */
export const patternPeriod = 65_521;

/** Two periods, so that a whole period is one slice from any offset. */
export function makePattern(): Buffer {
  const bytes = Buffer.alloc(patternPeriod * 2);
  for (let index = 0; index < bytes.length; index++) {
    const at = index % patternPeriod;
    bytes[index] = at * 31 + (at >> 8);
  }
  return bytes;
}

/** Whether `bytes` are the pattern from `offset` on. */
export function isPattern(pattern: Buffer, bytes: Buffer, offset: number): boolean {
  for (let at = 0; at < bytes.length; at += patternPeriod) {
    const end = Math.min(at + patternPeriod, bytes.length);
    const from = (offset + at) % patternPeriod;
    if (bytes.compare(pattern, from, from + (end - at), at, end) !== 0) return false;
  }
  return true;
}
