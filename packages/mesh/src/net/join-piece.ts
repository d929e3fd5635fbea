/** Smaller pieces are put together. */
const SMALL_BYTES = 2048;
/** Octets of a buffer in which they are. */
const JOINED_BYTES = 4096;

/**
 * Copies `bytes[start, end)` behind the last of `pieces`, which wait for somebody who takes them, if both are small: else a peer that
 * sends single octets would have us keep a hundred for each. False: nothing was done, and it is a piece of its own.
 */
export function joinPiece(pieces: Buffer[], bytes: Buffer, start: number, end: number): boolean {
  const count = end - start;
  const last = pieces.at(-1);
  if (last === undefined || count >= SMALL_BYTES || last.length + count > JOINED_BYTES)
    return false;
  // No other buffer of this size has room: pools are larger, and what has its own is full.
  const isJoined = last.byteOffset === 0 && last.buffer.byteLength === JOINED_BYTES;
  if (!isJoined && last.length >= SMALL_BYTES) return false;
  const { buffer } = isJoined ? last : Buffer.allocUnsafeSlow(JOINED_BYTES);
  const joined = Buffer.from(buffer, 0, last.length + count);
  if (!isJoined) last.copy(joined);
  bytes.copy(joined, last.length, start, end);
  pieces[pieces.length - 1] = joined;
  return true;
}
