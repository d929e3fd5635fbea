import { HpackDecoder } from "@heddle/mesh/net/http2/hpack/decoder.ts";
import { expect, test } from "vitest";
import { fuzz, stricter } from "./hpack.ts";
import { HpackPeer, unlimited } from "./hpack-peer.ts";

test("3,000 heads each way between node:http2 and us, and 3,000 blocks of any octets, of a fixed seed", async () => {
  const { heads, blocks, refuted } = await fuzz({ seed: 7541, count: 3000 });
  expect(refuted).toBe(null);
  expect(heads).toBeGreaterThanOrEqual(3000);
  expect(blocks.accepted).toBeGreaterThan(500);
  expect(blocks.refused).toBeGreaterThan(1000);
});

test.each([...stricter])("only we refuse %s", async (detail, { block }) => {
  const octets = Buffer.from(block.replaceAll(" ", ""), "hex");
  expect(new HpackDecoder(unlimited).decode(octets, 0, octets.length, [])).toMatchObject({
    detail,
  });
  const peer = new HpackPeer(null);
  expect(await peer.try(octets)).toMatchObject({ isBroken: false });
  peer.close();
});
