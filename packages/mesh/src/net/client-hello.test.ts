import { type AddressInfo, connect as connectTcp, createServer } from "node:net";
import { connect } from "node:tls";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ClientHello, clientHelloBytesMax, readClientHello } from "./client-hello.ts";

const read = (bytes: Buffer) => readClientHello(bytes, 0, bytes.length);

/** What OpenSSL says first. */
async function helloOf(options: {
  servername?: string;
  ALPNProtocols?: string[];
}): Promise<Buffer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const first = new Promise<Buffer>((resolve) => {
    server.once("connection", (socket) =>
      socket.once("data", (bytes: Buffer) => {
        resolve(bytes);
        socket.destroy();
      }),
    );
  });
  const client = connect({ socket: connectTcp(port, "127.0.0.1"), ...options });
  client.on("error", () => {});
  const bytes = await first;
  client.destroy();
  server.close();
  return bytes;
}

/** The same message in records of `size` octets. */
function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const piece = message.subarray(at, at + size);
    records.push(Buffer.from([0x16, 3, 1, piece.length >> 8, piece.length & 0xff]), piece);
  }
  return Buffer.concat(records);
}

describe("of a ClientHello as OpenSSL sends it", async () => {
  const hello = await helloOf({ servername: "DB.example", ALPNProtocols: ["h2", "http/1.1"] });
  const expected: ClientHello = { serverName: "db.example", alpn: ["h2", "http/1.1"] };

  test("the server name is read in lower case, and the protocols in their order", () => {
    expect(read(hello)).toEqual(expected);
    expect(readClientHello(Buffer.concat([Buffer.from("xx"), hello]), 2, 2 + hello.length)).toEqual(
      expected,
    );
  });

  test.each([1, 3, 64, 500])("in records of %i octets it is the same, up to 64 of them", (size) => {
    const isRead = (hello.length - 5) / size <= 64;
    expect(read(inRecords(hello, size))).toEqual(isRead ? expected : null);
  });

  test("each beginning of it is not yet whole", () => {
    for (let count = 0; count < hello.length; count++) {
      expect(read(hello.subarray(0, count))).toBe("more");
    }
  });

  test("what comes behind it is not looked at", () => {
    expect(read(Buffer.concat([hello, Buffer.from([0x14, 3, 3, 0, 1, 1])]))).toEqual(expected);
  });

  test("any octet may be another one: it is read, refused or waited for, and nothing is thrown", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(hello.length),
        (edits, count) => {
          const bytes = Buffer.from(hello.subarray(0, count));
          for (const [at, value] of edits) if (at < count) bytes[at] = value;
          const seen = read(bytes);
          if (seen === null || seen === "more") return;
          expect(seen.serverName ?? "a").toMatch(/^[a-z0-9_.-]+$/);
        },
      ),
      { seed: 1, numRuns: 3000 },
    );
  });
});

test("without a name or protocols there are none", async () => {
  expect(read(await helloOf({}))).toEqual({ serverName: null, alpn: [] });
});

test("noise is no hello", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      const seen = read(Buffer.concat([Buffer.from([0x16, 3, 1]), octets]));
      expect(seen === null || seen === "more").toBe(true);
    }),
    { seed: 1, numRuns: 1000 },
  );
  expect(read(Buffer.from("GET / HTTP/1.1"))).toBe(null);
});

test("a hello that says it is longer than the limit is not waited for", () => {
  const length = clientHelloBytesMax + 1;
  const head = Buffer.from([
    0x16,
    3,
    1,
    0x40,
    0,
    1,
    length >> 16,
    (length >> 8) & 0xff,
    length & 0xff,
  ]);
  expect(read(head)).toBe(null);
});
