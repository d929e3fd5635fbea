import fc from "fast-check";
import { expect, test } from "vitest";
import { SipHash } from "./sip-hash.ts";
import { SipMachine } from "./sip-machine.ts";

const key = "000102030405060708090a0b0c0d0e0f";

// The reference implementation's vectors, github.com/veorq/SipHash: octets 0, 1, 2 … of the length.
test.each([
  [0, "310e0edd47db6f72"],
  [1, "fd67dc93c539f874"],
  [2, "5a4fa9d909806c0d"],
  [3, "2d7efbd796666785"],
  [7, "37d1018bf50002ab"],
  [8, "6224939a79f5f593"],
  [15, "e545be4961ca29a1"],
  [63, "724506eb4c328a95"],
])("hashes %i octets as the reference does", (length, hash) => {
  const octets = Uint8Array.from({ length }, (_, index) => index);
  expect(new SipHash(key).hash(octets)).toBe(hash);
  expect(new SipHash(key).hashInHalves(octets)).toBe(hash);
});

/** The paper's definition word for word, in 64 bits. */
function reference(keyText: string, octets: Uint8Array): string {
  const mask = (1n << 64n) - 1n;
  const rotate = (value: bigint, by: bigint) => ((value << by) | (value >> (64n - by))) & mask;
  const read = (bytes: readonly number[]) =>
    bytes.reduceRight((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
  const keyOctets = (keyText.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  const k0 = read(keyOctets.slice(0, 8));
  const k1 = read(keyOctets.slice(8));
  let v0 = k0 ^ 0x736f6d6570736575n;
  let v1 = k1 ^ 0x646f72616e646f6dn;
  let v2 = k0 ^ 0x6c7967656e657261n;
  let v3 = k1 ^ 0x7465646279746573n;
  const round = () => {
    v0 = (v0 + v1) & mask;
    v1 = rotate(v1, 13n) ^ v0;
    v0 = rotate(v0, 32n);
    v2 = (v2 + v3) & mask;
    v3 = rotate(v3, 16n) ^ v2;
    v0 = (v0 + v3) & mask;
    v3 = rotate(v3, 21n) ^ v0;
    v2 = (v2 + v1) & mask;
    v1 = rotate(v1, 17n) ^ v2;
    v2 = rotate(v2, 32n);
  };
  const absorb = (block: bigint) => {
    v3 ^= block;
    round();
    round();
    v0 ^= block;
  };
  const all = [...octets];
  const whole = all.length & ~7;
  for (let at = 0; at < whole; at += 8) absorb(read(all.slice(at, at + 8)));
  absorb(read(all.slice(whole)) | (BigInt(all.length & 0xff) << 56n));
  v2 ^= 0xffn;
  for (let count = 0; count < 4; count++) round();
  let result = v0 ^ v1 ^ v2 ^ v3;
  let text = "";
  for (let index = 0; index < 8; index++) {
    text += (result & 0xffn).toString(16).padStart(2, "0");
    result >>= 8n;
  }
  return text;
}

test("hashes anything as the paper says", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 32, maxLength: 32 }),
      (octets, anyKey) => {
        const hash = reference(anyKey, octets);
        expect(new SipHash(anyKey).hash(octets)).toBe(hash);
        expect(new SipHash(anyKey).hashInHalves(octets)).toBe(hash);
      },
    ),
    { seed: 1 },
  );
});

test("hashes alike in 64 bits and in halves, also of a part of a buffer, one after the other, and what is too long", () => {
  const hash = new SipHash(key);
  const octets = Uint8Array.from({ length: 131_100 }, (_, index) => index * 7);
  for (const [from, to] of [
    [3, 1027],
    [0, 31],
    [0, 32],
    [9, 9 + 65],
    [0, 131_032],
    [0, 131_033],
    [0, 131_100],
  ] as const) {
    const part = octets.subarray(from, to);
    expect(hash.hash(part), `${from} to ${to}`).toBe(hash.hashInHalves(part));
  }
  const machine = SipMachine.make([0, 0, 0, 0])!;
  expect(machine.hash(octets.subarray(0, 131_032))).not.toBeNull();
  expect(machine.hash(octets.subarray(0, 131_033))).toBeNull();
});
