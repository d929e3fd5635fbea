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
const BITS_MAX = 30;

/** Bits of each octet's code. */
const codeBits = new Uint8Array(257);
const codes = new Uint32Array(257);
/** By the next eight bits: octet × 16 + bits of its code; 0 where the code is longer than that. */
const roots = new Uint16Array(256);
/** Symbols in the order of their codes; of each length the first code, and where its symbols start. */
const ordered = new Uint16Array(257);
const firstCode = new Uint32Array(BITS_MAX + 2);
const firstAt = new Uint16Array(BITS_MAX + 2);
build();

let scratch = Buffer.allocUnsafeSlow(8192);

/** The text of the Huffman-coded `bytes[start, end)`, or null where the coding is broken (RFC 7541 §5.2). */
export function decodeHuffman(bytes: Buffer, start: number, end: number): string | null {
  const count = 1.6 * (end - start) + 8; // the shortest code has five bits
  if (count > scratch.length) scratch = Buffer.allocUnsafeSlow(2 * count);
  const out = scratch;
  let length = 0;
  let bits = 0;
  let window = 0; // the lowest `bits` bits are still to be read
  let at = start;
  for (;;) {
    while (bits >= 8) {
      const root = roots[(window >>> (bits - 8)) & 0xff]!;
      if (root === 0) {
        const position = (at - start) * 8 - bits;
        const symbol = readLong(bytes, start, end, position);
        if (symbol < 0) return null;
        out[length++] = symbol;
        const next = position + codeBits[symbol]!;
        at = start + (next >> 3);
        bits = 0;
        window = 0;
        if ((next & 7) !== 0) {
          window = bytes[at++]!;
          bits = 8 - (next & 7);
        }
        continue;
      }
      out[length++] = root >> 4;
      bits -= root & 15;
    }
    if (at === end) break;
    window = (window << 8) | bytes[at++]!;
    bits += 8;
  }
  while (bits > 0) {
    const ones = (1 << (8 - bits)) - 1;
    const root = roots[((window << (8 - bits)) | ones) & 0xff]!;
    const rootBits = root & 15;
    if (root === 0 || rootBits > bits) break;
    out[length++] = root >> 4;
    bits -= rootBits;
  }
  // What fills the last octet is the start of EOS, all ones, and shorter than an octet.
  const rest = (1 << bits) - 1;
  return (window & rest) === rest ? latin1(out, 0, length) : null;
}

/** Octets that `text`, in latin1, takes when coded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let index = 0; index < text.length; index++) bits += codeBits[text.charCodeAt(index)]!;
  return (bits + 7) >> 3;
}

/** Writes `text`, in latin1, coded at `offset`; returns where it ends. */
export function encodeHuffman(text: string, out: Buffer, offset: number): number {
  let at = offset;
  let window = 0;
  let bits = 0;
  for (let index = 0; index < text.length; index++) {
    const octet = text.charCodeAt(index);
    let code = codes[octet]!;
    let left = codeBits[octet]!;
    // At most 7 bits wait, so 24 more fit into a small integer.
    if (left > 22) {
      left -= 15;
      window = (window << left) | (code >>> 15);
      bits += left;
      while (bits >= 8) out[at++] = (window >>> (bits -= 8)) & 0xff;
      code &= 0x7fff;
      left = 15;
    }
    window = (window << left) | code;
    bits += left;
    while (bits >= 8) out[at++] = (window >>> (bits -= 8)) & 0xff;
  }
  if (bits > 0) out[at++] = ((window << (8 - bits)) | ((1 << (8 - bits)) - 1)) & 0xff;
  return at;
}

/** The octet whose code, longer than eight bits, starts at the bit `position`; -1 for EOS, or where the octets end. */
function readLong(bytes: Buffer, start: number, end: number, position: number): number {
  let code = 0;
  const total = (end - start) * 8;
  for (let count = 1; count <= BITS_MAX; count++) {
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
  for (let bits = 1; bits <= BITS_MAX; bits++) {
    code <<= 1;
    firstCode[bits] = code;
    firstAt[bits] = at;
    for (let symbol = 0; symbol <= EOS; symbol++) {
      if (Number.parseInt(lengths[symbol]!, 36) !== bits) continue;
      codeBits[symbol] = bits;
      codes[symbol] = code;
      ordered[at++] = symbol;
      if (bits <= 8) roots.fill(symbol * 16 + bits, code << (8 - bits), (code + 1) << (8 - bits));
      code++;
    }
  }
  firstAt[BITS_MAX + 1] = at;
}
