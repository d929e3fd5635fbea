import type { Rng } from "@heddle/mesh/base/rng.ts";
import { HpackField } from "@heddle/mesh/net/http2/hpack/field.ts";
import type { Line } from "./hpack-peer.ts";

const names = [
  ..."x-a x-b x-request-id accept accept-encoding cache-control content-type grpc-timeout".split(
    " ",
  ),
  ..."user-agent via x-long-name-of-a-field-that-is-literal vary etag".split(" "),
];
const values = [
  "",
  "0",
  "gzip, deflate",
  "no-cache",
  "application/grpc",
  "1.1 heddle",
  "a b",
  "\xe9\xff",
  "~<>{}|\\^`",
];

/** Draws fields and blocks. */
export class HpackInputs {
  readonly #rng: Rng;
  #pool: HpackField[] = [];

  constructor(rng: Rng) {
    this.#rng = rng;
    this.#refill();
  }

  below(bound: number): number {
    return this.#rng.below(bound);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.#rng.below(from.length)]!;
  }

  /** A request: some of its fields were in others. */
  request(): HpackField[] {
    if (this.#rng.below(20) === 0) this.#refill();
    const path = this.#rng.below(3) === 0 ? `/${this.#text(30).replaceAll(/[^!-~]/g, "")}` : "/";
    const fields = [
      new HpackField(":method", this.pick(["GET", "POST", "PUT", "DELETE"])),
      new HpackField(":scheme", this.pick(["http", "https"])),
      new HpackField(":authority", this.pick(["kvs", "kvs:8080"])),
      new HpackField(":path", path.replaceAll("#", "")),
    ];
    for (let count = this.#rng.below(12); count > 0; count--) fields.push(this.pick(this.#pool));
    for (const field of fields) field.isRepeated ||= this.#rng.below(2) === 0;
    return fields;
  }

  /** Fields of a reply, no name twice. */
  reply(): Line[] {
    const byName = new Map<string, HpackField>();
    for (let count = this.#rng.below(10); count > 0; count--) {
      const field = this.pick(this.#pool);
      byName.set(field.name, field);
    }
    return [...byName.values()].map(({ name, value, isSensitive }) => ({
      name,
      value,
      isSensitive,
    }));
  }

  /** Octets that are a block, nearly one, or none. */
  block(): Buffer {
    const octets: number[] = [];
    if (this.#rng.below(8) === 0) octets.push(...this.#integer(32, 5));
    if (this.#rng.below(16) === 0) octets.push(...this.#integer(32, 5));
    if (this.#rng.below(10) > 0) octets.push(0x82, 0x86, 0x84, 0x41, 3, 0x6b, 0x76, 0x73);
    for (let count = this.#rng.below(6); count > 0; count--) octets.push(...this.#representation());
    for (let count = [0, 0, 0, 1, 2][this.#rng.below(5)]!; count > 0; count--) this.#spoil(octets);
    return Buffer.from(octets);
  }

  #representation(): number[] {
    switch (this.#rng.below(8)) {
      case 0:
      case 1:
        return [0x80 | (15 + this.#rng.below(60))];
      case 2:
        return this.#integer(0x80, 7);
      case 3:
        return this.#integer(32, 5);
      default: {
        const mark = this.pick([0, 0x10, 0x40]);
        const bits = mark === 0x40 ? 6 : 4;
        const isNamed = this.#rng.below(2) === 0;
        const index = 15 + this.#rng.below(52);
        const start = isNamed
          ? integer(mark, bits, index)
          : [mark, ...this.#string(this.pick(names))];
        return [...start, ...this.#string(this.pick(values))];
      }
    }
  }

  #string(text: string): number[] {
    if (this.#rng.below(3) > 0)
      return [...integer(0, 7, text.length), ...Buffer.from(text, "latin1")];
    const length = this.#rng.below(12);
    const octets = Array.from({ length }, () =>
      this.pick([0xff, 0xfe, 0xf8, 0x1f, 0x07, 0x00, this.#rng.below(256)]),
    );
    return [...integer(128, 7, length), ...octets];
  }

  #integer(mark: number, bits: number): number[] {
    const value = this.pick([
      0,
      1,
      30,
      31,
      62,
      63,
      127,
      128,
      300,
      4095,
      4096,
      4097,
      2 ** 20,
      2 ** 27,
      2 ** 30,
    ]);
    const octets = integer(mark, bits, value);
    if (octets.length > 1 && this.#rng.below(6) === 0) {
      for (let count = this.#rng.below(5); count > 0; count--) {
        octets[octets.length - 1]! |= 0x80;
        octets.push(0);
      }
    }
    return octets;
  }

  #spoil(octets: number[]): void {
    const at = this.#rng.below(octets.length + 1);
    const kind = this.#rng.below(4);
    if (kind === 0) octets.splice(at, 0, this.#rng.below(256));
    else if (kind === 1) octets.splice(at, 1 + this.#rng.below(3));
    else if (kind === 2) octets.length = Math.min(octets.length, at);
    else if (at < octets.length) octets[at]! ^= 1 << this.#rng.below(8);
  }

  #text(countMax: number): string {
    let text = "";
    for (let count = this.#rng.below(countMax); count > 0; count--) {
      const code =
        this.#rng.below(8) === 0 ? 0x80 + this.#rng.below(0x80) : 0x21 + this.#rng.below(0x5e);
      text += String.fromCharCode(code);
    }
    return text;
  }

  #refill(): void {
    this.#pool = Array.from({ length: 24 }, () => {
      const isLong = this.#rng.below(20) === 0;
      const value = this.#rng.below(3) === 0 ? this.pick(values) : this.#text(isLong ? 3000 : 30);
      return new HpackField(this.pick(names), value, this.#rng.below(6) === 0);
    });
  }
}

function integer(mark: number, bits: number, value: number): number[] {
  const mask = 2 ** bits - 1;
  if (value < mask) return [mark | value];
  const octets = [mark | mask];
  let rest = value - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 128);
  octets.push(rest);
  return octets;
}
