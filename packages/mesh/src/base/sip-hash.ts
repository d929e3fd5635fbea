/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012; public domain): a keyed hash of 64 bits. Who has not the key learns from hashes
 * only which values are equal. In halves of 32 bits, because JavaScript has no fast wider ones.
 */
export class SipHash {
  readonly #key: readonly [low0: number, high0: number, low1: number, high1: number];

  /** @param key 32 hex digits */
  constructor(key: string) {
    this.#key = [word(key, 0), word(key, 8), word(key, 16), word(key, 24)];
  }

  /** 16 hex digits, the lowest octet first, as the paper's vectors print it. */
  hash(octets: Uint8Array): string {
    const [low0, high0, low1, high1] = this.#key;
    const v = Int32Array.of(
      low0 ^ 0x70736575,
      high0 ^ 0x736f6d65,
      low1 ^ 0x6e646f6d,
      high1 ^ 0x646f7261,
      low0 ^ 0x6e657261,
      high0 ^ 0x6c796765,
      low1 ^ 0x79746573,
      high1 ^ 0x74656462,
    );
    const whole = octets.length & ~7;
    for (let at = 0; at < whole; at += 8) compress(v, take(octets, at, 4), take(octets, at + 4, 4));
    const left = octets.length - whole;
    compress(
      v,
      take(octets, whole, Math.min(left, 4)),
      take(octets, whole + 4, Math.max(left - 4, 0)) | (octets.length << 24),
    );
    v[4]! ^= 0xff;
    for (let round = 0; round < 4; round++) sipRound(v);
    return hex(v[0]! ^ v[2]! ^ v[4]! ^ v[6]!) + hex(v[1]! ^ v[3]! ^ v[5]! ^ v[7]!);
  }
}

function compress(v: Int32Array, low: number, high: number): void {
  v[6]! ^= low;
  v[7]! ^= high;
  sipRound(v);
  sipRound(v);
  v[0]! ^= low;
  v[1]! ^= high;
}

/** v0 to v3 are pairs of low and high half: v[0] v[1], v[2] v[3] … */
function sipRound(v: Int32Array): void {
  mix(v, 0, 2, 13);
  swap(v, 0);
  mix(v, 4, 6, 16);
  mix(v, 0, 6, 21);
  mix(v, 4, 2, 17);
  swap(v, 4);
}

/** a += b; b = rotl(b, by) ^ a, in 64 bits; `by` is below 32. */
function mix(v: Int32Array, a: number, b: number, by: number): void {
  const low = (v[a]! >>> 0) + (v[b]! >>> 0);
  v[a + 1] = v[a + 1]! + v[b + 1]! + (low > 0xffff_ffff ? 1 : 0);
  v[a] = low;
  const lowB = v[b]!;
  const highB = v[b + 1]!;
  v[b] = ((lowB << by) | (highB >>> (32 - by))) ^ v[a]!;
  v[b + 1] = ((highB << by) | (lowB >>> (32 - by))) ^ v[a + 1]!;
}

/** Rotates by 32: halves change places. */
function swap(v: Int32Array, a: number): void {
  const low = v[a]!;
  v[a] = v[a + 1]!;
  v[a + 1] = low;
}

/** `count` octets, 0 to 4, the lowest first. */
function take(octets: Uint8Array, at: number, count: number): number {
  let taken = 0;
  for (let index = count - 1; index >= 0; index--) taken = (taken << 8) | octets[at + index]!;
  return taken;
}

function word(key: string, at: number): number {
  let result = 0;
  for (let index = 6; index >= 0; index -= 2) {
    result = (result << 8) | Number.parseInt(key.slice(at + index, at + index + 2), 16);
  }
  return result;
}

function hex(half: number): string {
  let text = "";
  for (let shift = 0; shift < 32; shift += 8) {
    text += ((half >>> shift) & 0xff).toString(16).padStart(2, "0");
  }
  return text;
}
