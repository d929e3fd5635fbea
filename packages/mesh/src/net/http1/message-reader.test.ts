import fc from "fast-check";
import { expect, test } from "vitest";
import { frameReply, frameRequest } from "./framing.ts";
import { defaultHttp1Limits } from "./limits.ts";
import { MessageReader } from "./message-reader.ts";

interface Seen {
  readonly start: string;
  body: string;
  isWhole: boolean;
}

/** Reads requests, or replies to a GET each, cut at `cuts`. */
function read(kind: "request" | "reply", text: string, cuts: readonly number[], isEnded = false) {
  const seen: Seen[] = [];
  let lost: string | null = null;
  const reader = new MessageReader<string>(kind, defaultHttp1Limits, {
    frame: (from) => {
      const bytes = from.copyHead();
      if (kind === "request") {
        const head = frameRequest(from.scanner, bytes);
        if (!("shape" in head)) return head;
        return { head: `${head.method} ${head.path}`, length: head.shape.length };
      }
      const shape = frameReply(from.scanner, bytes, "GET");
      if (!("head" in shape)) return shape;
      const { status } = shape.head;
      return { head: String(status), length: status < 200 ? "interim" : shape.length };
    },
    onHead: (start) => seen.push({ start, body: "", isWhole: false }),
    onBody: (bytes, start, end) => {
      seen.at(-1)!.body += bytes.toString("latin1", start, end);
    },
    onEnd: () => {
      seen.at(-1)!.isWhole = true;
    },
    onLost: (detail) => {
      lost = detail;
    },
  });
  const bytes = Buffer.from(text, "latin1");
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const next = Math.min(cut, bytes.length);
    if (next > at) reader.read(bytes, at, next);
    at = Math.max(at, next);
  }
  reader.read(bytes, at, bytes.length);
  if (isEnded) reader.end();
  return { seen, lost };
}

const requests = [
  "GET /1 HTTP/1.1\r\nhost: a\r\n\r\n",
  "PUT /2 HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello",
  "POST /3 HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
  "PUT /4 HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n",
];

test("finds the same messages, wherever the octets are cut", () => {
  const text = requests.join("");
  const expected = [
    { start: "GET /1", body: "", isWhole: true },
    { start: "PUT /2", body: "hello", isWhole: true },
    { start: "POST /3", body: "abcde", isWhole: true },
    { start: "PUT /4", body: "", isWhole: true },
  ];
  fc.assert(
    fc.property(fc.array(fc.nat(text.length)), (cuts) => {
      expect(read("request", text, cuts)).toEqual({ seen: expected, lost: null });
    }),
  );
});

test("an interim reply is no reply; a body without a length ends with the connection", () => {
  const text =
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n\r\nto the end";
  const before = [
    { start: "204", body: "", isWhole: true },
    { start: "200", body: "to the end", isWhole: false },
  ];
  expect(read("reply", text, [10, 40])).toEqual({ seen: before, lost: null });
  const [first, second] = before;
  expect(read("reply", text, [], true).seen).toEqual([first, { ...second, isWhole: true }]);
});

test("says once that it lost its place, and reads no further", () => {
  const text = `${requests[0]}HELLO\r\n\r\n${requests[0]}`;
  const { seen, lost } = read("request", text, []);
  expect(seen).toEqual([{ start: "GET /1", body: "", isWhole: true }]);
  expect(lost).not.toBe(null);
});
