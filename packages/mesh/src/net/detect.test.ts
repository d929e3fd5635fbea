import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { detect, guess } from "./detect.ts";

const of = (text: string) => {
  const bytes = Buffer.from(`..${text}..`, "latin1");
  return detect(bytes, 2, bytes.length - 2);
};
const guessOf = (text: string) => guess(Buffer.from(text, "latin1"), 0, text.length);

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const hello = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

describe("a client that begins so speaks", () => {
  test.each([
    ["http/1.1", "GET / HTTP/1.1\r\n"],
    ["http/1.1", "\r\nGET / HTTP/1.1\r\n"],
    ["http/1.1", "POST http://kvs/7?a=b HTTP/1.0\r\n"],
    ["http/1.1", "OPTIONS * HTTP/1.1"],
    ["http/1.1", "CONNECT [::1]:443 HTTP/1.1"],
    ["http/1.1", "CONNECT db:5432 HTTP/1.1"],
    ["http/1.1", "M-SEARCH * HTTP/1.1"],
    ["http/1.1", "PRI * HTTP/2.0\r\n\r\nXX"],
    ["http/1.1", `GET /${"a".repeat(16_000)} HTTP/1.1`],
    ["h2", `${preface}\0\0\0\x04`],
    ["tls", hello],
    ["tcp", "EHLO client.example\r\n"],
    ["tcp", "NICK foo\r\n"],
    ["tcp", "PING\r\n"],
    ["tcp", "get key\r\n"],
    ["tcp", "GET /key\r\n"],
    ["tcp", 'CONNECT {"verbose":false}\r\n'],
    ["tcp", "*1\r\n$4\r\nPING\r\n"],
    ["tcp", "SSH-2.0-OpenSSH_9.2\r\n"],
    ["tcp", "\0\0\0\x08\x04\xd2\x16\x2f"], // PostgreSQL asks for TLS
    ["tcp", "\x16\x03\x01\x02\x00\x02"], // a ServerHello
    ["tcp", "\x16\x05"],
    ["tcp", "\x16\x03\x01\x00\x00\x01"],
    ["tcp", " GET / HTTP/1.1"],
    ["tcp", "GET  / HTTP/1.1"],
    ["tcp", "GET /\x7f HTTP/1.1"],
    ["tcp", `${"G".repeat(40)} / HTTP/1.1`],
    ["tcp", "GET / HTTPS/1.1"],
  ])("%s: %j", (protocol, text) => {
    expect(of(text)).toBe(protocol);
  });

  test.each(["http/1.1", "h2", "tls"] as const)("%s, however it is cut", (protocol) => {
    const whole = { "http/1.1": "DELETE /a/b?c HTTP/1.1", h2: preface, tls: hello.slice(0, 6) }[
      protocol
    ];
    const seen = Array.from({ length: whole.length + 1 }, (_, count) => of(whole.slice(0, count)));
    expect(seen.at(-1)).toBe(protocol);
    expect(new Set(seen.filter((answer) => answer !== protocol))).toEqual(new Set(["more"]));
  });
});

test("one octet is never enough but for what begins no protocol at all", () => {
  for (const first of ["G", "P", "\x16", "\r", "g", "5"]) expect(of(first)).toBe("more");
  for (const first of ["\0", "\n", " ", "\x80", "{"]) expect(of(first)).toBe("tcp");
});

test("what was decided stays, whatever comes behind it", () => {
  const octets = fc.uint8Array({ maxLength: 40 });
  const starts = fc.constantFrom("", "GET /", "GET / HTTP/", "PRI * H", "\x16\x03\x01", "\r\n");
  fc.assert(
    fc.property(starts, octets, octets, (start, first, second) => {
      const bytes = Buffer.concat([Buffer.from(start, "latin1"), first, second]);
      const early = detect(bytes, 0, start.length + first.length);
      if (early !== "more") expect(detect(bytes, 0, bytes.length)).toBe(early);
    }),
    { seed: 1, numRuns: 2000 },
  );
});

test("when there is no more time a request on its way is told from a word", () => {
  expect(guessOf("GET /slow")).toBe("http/1.1");
  expect(guessOf("POST http://a")).toBe("http/1.1");
  for (const text of ["G", "GET", "PRI * HT", "\x16\x03", "QUIT", "DATA /"]) {
    expect(guessOf(text)).toBe("tcp");
  }
  expect(guessOf("GET / HTTP/1.1")).toBe("http/1.1");
});
