import { SipMachine } from "./sip-machine.ts";

/** From so many octets on a machine of 64 bits is asked: below, the call costs what it saves. */
const machineFrom = 32;

/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012; public domain): a keyed hash of 64 bits. Who has not the key learns from hashes
 * only which values are equal.
 */
export class SipHash {
  readonly #key: readonly [low0: number, high0: number, low1: number, high1: number];
  /** Made for the first text that is worth it; null: there is none. */
  #machine: SipMachine | null | undefined;

  /** @param key 32 hex digits */
  constructor(key: string) {
    this.#key = [word(key, 0), word(key, 8), word(key, 16), word(key, 24)];
  }

  /** 16 hex digits, the lowest octet first, as the paper's vectors print it. */
  hash(octets: Uint8Array): string {
    if (octets.length < machineFrom) return this.hashInHalves(octets);
    if (this.#machine === undefined) this.#machine = SipMachine.make(this.#key);
    const hash = this.#machine?.hash(octets) ?? null;
    return hash === null ? this.hashInHalves(octets) : hex(hash[0]!) + hex(hash[1]!);
  }

  /** The same in halves of 32 bits, because JavaScript has no fast wider ones. */
  hashInHalves(octets: Uint8Array): string {
    const [low0, high0, low1, high1] = this.#key;
    // v0 to v3, each in halves: locals, because an array of them takes three times as long.
    let a = low0 ^ 0x70736575;
    let ah = high0 ^ 0x736f6d65;
    let b = low1 ^ 0x6e646f6d;
    let bh = high1 ^ 0x646f7261;
    let c = low0 ^ 0x6e657261;
    let ch = high0 ^ 0x6c796765;
    let d = low1 ^ 0x79746573;
    let dh = high1 ^ 0x74656462;
    const whole = octets.length & ~7;
    const left = octets.length - whole;
    // Each word of 8 octets has two rounds; the end has four.
    for (let at = 0; at <= whole + 8; at += 8) {
      const isEnd = at > whole;
      let low = 0;
      let high = 0;
      if (at < whole) {
        low = word32(octets, at);
        high = word32(octets, at + 4);
      } else if (!isEnd) {
        low = take(octets, whole, Math.min(left, 4));
        high = take(octets, whole + 4, Math.max(left - 4, 0)) | (octets.length << 24);
      } else {
        c ^= 0xff;
      }
      d ^= low;
      dh ^= high;
      for (let round = isEnd ? 4 : 2; round > 0; round--) {
        let sum = (a + b) | 0;
        ah = (ah + bh + carry(a, b, sum)) | 0;
        a = sum;
        let turned = ((b << 13) | (bh >>> 19)) ^ a;
        bh = ((bh << 13) | (b >>> 19)) ^ ah;
        b = turned;
        turned = a; // rotated by 32: halves change places
        a = ah;
        ah = turned;
        sum = (c + d) | 0;
        ch = (ch + dh + carry(c, d, sum)) | 0;
        c = sum;
        turned = ((d << 16) | (dh >>> 16)) ^ c;
        dh = ((dh << 16) | (d >>> 16)) ^ ch;
        d = turned;
        sum = (a + d) | 0;
        ah = (ah + dh + carry(a, d, sum)) | 0;
        a = sum;
        turned = ((d << 21) | (dh >>> 11)) ^ a;
        dh = ((dh << 21) | (d >>> 11)) ^ ah;
        d = turned;
        sum = (c + b) | 0;
        ch = (ch + bh + carry(c, b, sum)) | 0;
        c = sum;
        turned = ((b << 17) | (bh >>> 15)) ^ c;
        bh = ((bh << 17) | (b >>> 15)) ^ ch;
        b = turned;
        turned = c;
        c = ch;
        ch = turned;
      }
      a ^= low;
      ah ^= high;
    }
    return hex(a ^ b ^ c ^ d) + hex(ah ^ bh ^ ch ^ dh);
  }
}

/** Of the sum of two halves. Comparing wide sums would make numbers of them that are no integers of the machine: four times slower. */
function carry(one: number, other: number, sum: number): number {
  return ((one & other) | ((one | other) & ~sum)) >>> 31;
}

function word32(octets: Uint8Array, at: number): number {
  return octets[at]! | (octets[at + 1]! << 8) | (octets[at + 2]! << 16) | (octets[at + 3]! << 24);
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
  return (
    pairs[half & 0xff]! +
    pairs[(half >>> 8) & 0xff]! +
    pairs[(half >>> 16) & 0xff]! +
    pairs[half >>> 24]!
  );
}

const pairs = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, "0"));
