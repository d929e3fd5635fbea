import { latin1 } from "../../latin1.ts";

/**
 * How many bits each octet's code has, then those of EOS (RFC 7541 Appendix B), in base 36. The code is canonical, so the
 * lengths say all: codes of one length follow each other in the order of their octets.
 */
const lengths = [
  "dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6cad67777777777777777777777878djde6",
  "f56565666577666567655677777fbedskmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn",
  "qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrqu",
].join("");

const EOS = 256;
const LONGEST_CODE = 30;

/** Bits of each octet's code. */
const codeBits = new Uint8Array(257);
/**
 * By the next twelve bits, what they begin with, two symbols at most: their bits together, how many they are × 16, the first × 256, the
 * second × 65536. 0 where the first code is longer.
 */
const ROOT_BITS = 12;
const roots = new Uint32Array(1 << ROOT_BITS);
/** Symbols in the order of their codes; of each length the first code, and where its symbols start. */
const ordered = new Uint16Array(257);
const firstCode = new Uint32Array(LONGEST_CODE + 2);
const firstAt = new Uint16Array(LONGEST_CODE + 2);
build();

/** Nothing stays in it beyond one call. */
const scratch = Buffer.allocUnsafeSlow(16_384);

/** The text of the Huffman-coded `bytes[start, end)`, or null where the coding is broken (RFC 7541 §5.2). */
export function decodeHuffman(bytes: Buffer, start: number, end: number): string | null {
  const countMax = 1.6 * (end - start) + 8; // the shortest code has five bits
  const out = countMax > scratch.length ? Buffer.allocUnsafeSlow(Math.ceil(countMax)) : scratch;
  let length = 0;
  let bits = 0;
  let window = 0; // the lowest `bits` bits are still to be read
  let at = start;
  for (;;) {
    while (bits < ROOT_BITS && at < end) {
      window = (window << 8) | bytes[at++]!;
      bits += 8;
    }
    if (bits < ROOT_BITS) break;
    const root = roots[(window >>> (bits - ROOT_BITS)) & (roots.length - 1)]!;
    if (root !== 0) {
      // The second place is written in any case: what is not a symbol is written over.
      out[length] = (root >>> 8) & 0xff;
      out[length + 1] = root >>> 16;
      length += (root >>> 4) & 3;
      bits -= root & 15;
      continue;
    }
    const position = (at - start) * 8 - bits;
    const symbol = readLong(bytes, start, end, position);
    if (symbol < 0) return null;
    out[length++] = symbol;
    const next = position + codeBits[symbol]!;
    at = start + (next >> 3);
    bits = 0;
    if ((next & 7) !== 0) {
      window = bytes[at++]!;
      bits = 8 - (next & 7);
    }
  }
  // Fewer bits are left than one look takes: ones stand for those that are not there.
  while (bits > 0) {
    const missing = ROOT_BITS - bits;
    const root = roots[((window << missing) | ((1 << missing) - 1)) & (roots.length - 1)]!;
    const first = (root >>> 8) & 0xff;
    if (root === 0 || codeBits[first]! > bits) break;
    out[length++] = first;
    bits -= codeBits[first]!;
  }
  if (bits >= 8) return null;
  // What fills the last octet is the start of EOS, all ones, and shorter than an octet.
  const rest = (1 << bits) - 1;
  return (window & rest) === rest ? latin1(out, 0, length) : null;
}

/** The octet whose code, longer than a look, starts at the bit `position`; -1 for EOS, or where the octets end. */
function readLong(bytes: Buffer, start: number, end: number, position: number): number {
  let code = 0;
  const total = (end - start) * 8;
  for (let count = 1; count <= LONGEST_CODE; count++) {
    const bit = position + count - 1;
    if (bit >= total) return -1;
    code = ((code << 1) | ((bytes[start + (bit >> 3)]! >> (7 - (bit & 7))) & 1)) >>> 0;
    const index = firstAt[count]! + code - firstCode[count]!;
    if (index < firstAt[count + 1]!) return ordered[index] === EOS ? -1 : ordered[index]!;
  }
  return -1;
}

function build(): void {
  let code = 0;
  let at = 0;
  for (let bits = 1; bits <= LONGEST_CODE; bits++) {
    code <<= 1;
    firstCode[bits] = code;
    firstAt[bits] = at;
    for (let symbol = 0; symbol <= EOS; symbol++) {
      if (Number.parseInt(lengths[symbol]!, 36) !== bits) continue;
      codeBits[symbol] = bits;
      ordered[at++] = symbol;
      const free = ROOT_BITS - bits;
      if (free >= 0) roots.fill((symbol << 8) | 16 | bits, code << free, (code + 1) << free);
      code++;
    }
  }
  firstAt[LONGEST_CODE + 1] = at;
  const firsts = roots.slice();
  for (let index = 0; index < roots.length; index++) {
    const first = firsts[index]!;
    const firstBits = first & 15;
    const second = firsts[(index << firstBits) & (roots.length - 1)]!;
    // The second look is right only if its code ends within the bits that the first has left.
    if (first === 0 || second === 0 || firstBits + (second & 15) > ROOT_BITS) continue;
    roots[index] = ((second >>> 8) << 16) | (first & 0xff00) | 32 | (firstBits + (second & 15));
  }
}
