/**
 * The hash of a key, 0 to 2^32 - 1: MurmurHash3 x86_32 (Austin Appleby, public domain) with seed 0 over the key's octets,
 * one per latin1 character. Placement and the sampling of keys rest on it. Fixed for ever: changing it would move every
 * key of every service, so its vectors are pinned in the test.
 */
export function keyHash(key: string): number {
  const length = key.length;
  const blocks = length & ~3;
  let hash = 0;
  for (let index = 0; index < blocks; index += 4) {
    hash ^= scramble(
      (key.charCodeAt(index) & 0xff) |
        ((key.charCodeAt(index + 1) & 0xff) << 8) |
        ((key.charCodeAt(index + 2) & 0xff) << 16) |
        ((key.charCodeAt(index + 3) & 0xff) << 24),
    );
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let index = length - 1; index >= blocks; index--) {
    tail = (tail << 8) | (key.charCodeAt(index) & 0xff);
  }
  if (blocks < length) hash ^= scramble(tail);
  hash ^= length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}
