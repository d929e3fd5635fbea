import fc from "fast-check";
import { expect, test } from "vitest";
import { joinPiece } from "./join-piece.ts";

function add(pieces: Buffer[], piece: Buffer): void {
  if (!joinPiece(pieces, piece, 0, piece.length)) pieces.push(Buffer.from(piece));
}

test("single octets take a buffer for each 4096", () => {
  const pieces: Buffer[] = [];
  for (let count = 0; count < 65_536; count++) add(pieces, Buffer.of(count & 0xff));
  expect(pieces.length).toBe(16);
});

test("however pieces are cut, what waits is what came", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 40 }), (sizes) => {
      const pieces: Buffer[] = [];
      const came = sizes.map((size, index) => Buffer.alloc(size, index));
      for (const piece of came) add(pieces, piece);
      expect(Buffer.concat(pieces).equals(Buffer.concat(came))).toBe(true);
    }),
    { seed: 4, numRuns: 200 },
  );
});

test("a piece that the pool or somebody else has room behind is not written over", () => {
  const shared = Buffer.alloc(4096, 1);
  const pieces = [shared.subarray(100, 200)];
  add(pieces, Buffer.alloc(10, 2));
  expect(shared.equals(Buffer.alloc(4096, 1))).toBe(true);
  expect(pieces.map(({ length }) => length)).toEqual([110]);
});
