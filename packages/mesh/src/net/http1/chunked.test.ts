import fc from "fast-check";
import { expect, test } from "vitest";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { ConnectionWriter } from "../connection-writer.ts";
import { PlainFields } from "../plain-head.ts";
import type { Connection } from "../transport.ts";
import { BodyWriter } from "./body-writer.ts";
import { ChunkedDecoder } from "./chunked.ts";
import { Http1Context } from "./context.ts";
import { defaultHttp1Limits } from "./limits.ts";

/** What a BodyWriter makes of `pieces`. */
function encode(pieces: readonly Uint8Array[], trailers: PlainFields | null): Buffer {
  const written: Buffer[] = [];
  const connection = {
    write(bytes: Buffer, start: number, end: number) {
      written.push(Buffer.from(bytes.subarray(start, end)));
      return "done";
    },
  } as unknown as Connection;
  const context = new Http1Context({ clock: new VirtualClock() });
  const writer = new BodyWriter(new ConnectionWriter(connection, context.gather), "chunked", 0);
  context.gather.enter();
  for (const piece of pieces) writer.send(Buffer.from(piece), 0, piece.length);
  writer.end(trailers);
  context.gather.leave();
  return Buffer.concat(written);
}

test("what is encoded is decoded, whatever the pieces and the cuts", () => {
  const piece = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(
      fc.array(piece),
      fc.array(fc.nat(2000)),
      fc.boolean(),
      (pieces, cuts, hasTrailers) => {
        const bytes = encode(pieces, hasTrailers ? new PlainFields([["x-sum", "1"]]) : null);
        const decoder = new ChunkedDecoder(defaultHttp1Limits);
        const decoded: Buffer[] = [];
        let isEnded = false;
        let from = 0;
        for (const cut of [...cuts.sort((a, b) => a - b), bytes.length]) {
          const to = Math.min(cut, bytes.length);
          decoder.at = from;
          for (let event = decoder.next(bytes, to); event !== "more"; ) {
            expect(event).not.toBe("fault");
            if (event === "end") {
              isEnded = true;
              break;
            }
            decoded.push(bytes.subarray(decoder.dataStart, decoder.dataEnd));
            event = decoder.next(bytes, to);
          }
          from = Math.max(from, to);
        }
        expect(isEnded).toBe(true);
        expect(decoder.at).toBe(bytes.length);
        expect(Buffer.concat(decoded).equals(Buffer.concat(pieces))).toBe(true);
        expect(decoder.trailers?.get("x-sum") ?? null).toBe(hasTrailers ? "1" : null);
      },
    ),
    { seed: 11, numRuns: 300 },
  );
});

test("a piece larger than a read is framed as one chunk and not copied", () => {
  const bytes = encode([new Uint8Array(100_000)], null);
  expect(bytes.toString("latin1", 0, 7)).toBe("186a0\r\n");
  expect(bytes.length).toBe(7 + 100_000 + 2 + 5);
});

test("a chunk that starts at the end of a read waits for the next", () => {
  const decoder = new ChunkedDecoder(defaultHttp1Limits);
  expect(decoder.next(Buffer.from("5\r\n"), 3)).toBe("more");
  decoder.at = 0;
  expect(decoder.next(Buffer.from("hello\r\n"), 7)).toBe("data");
  expect([decoder.dataStart, decoder.dataEnd]).toEqual([0, 5]);
});
