import { HpackDecoder, type HpackFault } from "@heddle/mesh/net/http2/hpack/decoder.ts";
import type { HpackField } from "@heddle/mesh/net/http2/hpack/field.ts";
import { defaultHpackLimits, type HpackLimits } from "@heddle/mesh/net/http2/hpack/limits.ts";
import type { LiteralCache } from "@heddle/mesh/net/http2/hpack/literal-cache.ts";

/** Blocks of HPACK put together by hand, straight from RFC 7541 §5 and §6; shares no code with what is tested. */

export type Line = readonly [name: string, value: string];

/** An integer with a prefix (§5.1). `padding` adds octets that change nothing. */
export function integer(mark: number, prefixBits: number, value: number, padding = 0): number[] {
  const mask = 2 ** prefixBits - 1;
  if (value < mask && padding === 0) return [mark | value];
  const octets = [mark | mask];
  let rest = value - mask;
  while (rest >= 128) {
    octets.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  octets.push(rest);
  for (let count = 0; count < padding; count++) {
    octets[octets.length - 1]! |= 128;
    octets.push(0);
  }
  return octets;
}

/** A string as it is (§5.2). */
export function plain(text: string): number[] {
  return [...integer(0, 7, text.length), ...Buffer.from(text, "latin1")];
}

/** A string of which the Huffman code is `octets` (§5.2). */
export function coded(octets: readonly number[]): number[] {
  return [...integer(128, 7, octets.length), ...octets];
}

/** Bits, written as `0` and `1` with blanks between, as octets; `fill` completes the last. */
export function bits(text: string, fill: "0" | "1" = "1"): number[] {
  const digits = text.replaceAll(" ", "");
  const whole = digits.padEnd(Math.ceil(digits.length / 8) * 8, fill);
  return (whole.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2));
}

/** An indexed field (§6.1). */
export const indexed = (index: number): number[] => integer(128, 7, index);

/** A literal that goes into the table (§6.2.1). */
export const added = (name: string, value: string): number[] => [
  64,
  ...plain(name),
  ...plain(value),
];

/** A literal that does not (§6.2.2). */
export const passing = (name: string, value: string): number[] => [
  0,
  ...plain(name),
  ...plain(value),
];

/** A literal that must not (§6.2.3). */
export const secret = (name: string, value: string): number[] => [
  16,
  ...plain(name),
  ...plain(value),
];

/** A table size update (§6.3). */
export const resize = (bytes: number): number[] => integer(32, 5, bytes);

/** A decoder whose answers are plain values. */
export class Decoding {
  readonly decoder: HpackDecoder;

  constructor(limits: Partial<HpackLimits> = {}, literals: LiteralCache | null = null) {
    this.decoder = new HpackDecoder({ ...defaultHpackLimits, ...limits }, literals);
  }

  /** The fields of the block, or the fault. It lies amid other octets. */
  fields(...octets: number[][]): HpackField[] | HpackFault {
    const block = Buffer.from([0x82, ...octets.flat(), 0x84]);
    const fields: HpackField[] = [];
    return this.decoder.decode(block, 1, block.length - 1, fields) ?? fields;
  }

  lines(...octets: number[][]): Line[] | string {
    const fields = this.fields(...octets);
    return Array.isArray(fields) ? fields.map(({ name, value }) => [name, value]) : fields.detail;
  }
}
