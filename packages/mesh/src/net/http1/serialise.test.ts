import { expect, test } from "vitest";
import { AssertionError } from "../../base/assert.ts";
import { VirtualClock } from "../../base/virtual-clock.ts";
import type { ReplyHead, RequestHead } from "../../model/head.ts";
import type { BodyLength } from "../codec.ts";
import { PlainReplyHead, PlainRequestHead } from "../plain-head.ts";
import { Http1Context } from "./context.ts";
import { frameReply, frameRequest, type ReplyShape } from "./framing.ts";
import { HeadReader } from "./head-reader.ts";
import { Http1RequestHead } from "./request-head.ts";
import {
  appendReplyHead,
  appendRequestHead,
  headBytesBound,
  type ReplyHeadOptions,
} from "./serialise.ts";

const context = new Http1Context({ clock: new VirtualClock() });

function read(lines: readonly string[]): HeadReader {
  const bytes = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  const reader = new HeadReader(
    lines[0]!.startsWith("HTTP") ? "reply" : "request",
    context.limits,
    null,
  );
  expect(reader.read(bytes, 0, bytes.length)).toBe(bytes.length);
  return reader;
}

function request(...lines: string[]): Http1RequestHead {
  const reader = read(lines);
  const head = frameRequest(reader.scanner, reader.copyHead());
  if (!(head instanceof Http1RequestHead)) throw new Error(head.detail);
  return head;
}

function reply(...lines: string[]): ReplyHead {
  const reader = read(lines);
  return (frameReply(reader.scanner, reader.copyHead(), "GET") as ReplyShape).head;
}

const owner = { flush() {} };

function gathered(append: () => void): string[] {
  const { gather } = context;
  gather.take(owner);
  append();
  const text = gather.bytes.toString("latin1", 0, gather.length);
  gather.release(owner);
  return text.split("\r\n");
}

function writeRequest(head: RequestHead, length: BodyLength): string[] {
  const lines = gathered(() => appendRequestHead(context.gather, head, length, null));
  expect(lines.join("\r\n").length).toBeLessThanOrEqual(headBytesBound(head));
  return lines;
}

function writeReply(head: ReplyHead, options: Partial<ReplyHeadOptions> = {}): string[] {
  const all: ReplyHeadOptions = { framing: "none", lengthField: "drop", closes: false, ...options };
  return gathered(() => appendReplyHead(context.gather, head, all));
}

test("edits show in the octets, each in the place of what it replaces", () => {
  const head = request("GET /a HTTP/1.1", "Host: kvs", "A: 1", "B: 2", "A: 3", "C: 4");
  head.method = "PUT";
  head.path = "/b";
  head.authority = "other:80";
  head.set("a", "5");
  head.remove("b");
  head.add("d", "6");
  const written = ["PUT /b HTTP/1.1", "Host: other:80", "A: 5", "C: 4", "d: 6", "", ""];
  expect(writeRequest(head, 0)).toEqual(written);
});

test("a body of another length than came gets its own field", () => {
  const head = request("POST / HTTP/1.1", "Host: kvs", "Content-Length: 5", "A: 1");
  expect(writeRequest(head, 5)).toEqual([
    "POST / HTTP/1.1",
    "Host: kvs",
    "Content-Length: 5",
    "A: 1",
    "",
    "",
  ]);
  expect(writeRequest(head, 7)).toEqual([
    "POST / HTTP/1.1",
    "Host: kvs",
    "A: 1",
    "content-length: 7",
    "",
    "",
  ]);
  expect(writeRequest(head, 0)).toEqual([
    "POST / HTTP/1.1",
    "Host: kvs",
    "A: 1",
    "content-length: 0",
    "",
    "",
  ]);
  expect(writeRequest(head, "chunked")).toEqual([
    "POST / HTTP/1.1",
    "Host: kvs",
    "A: 1",
    "transfer-encoding: chunked",
    "",
    "",
  ]);
});

test("framing fields that an edit adds are not believed", () => {
  const head = request("POST / HTTP/1.1", "Host: kvs", "Content-Length: 5");
  head.set("content-length", "9");
  head.add("transfer-encoding", "chunked");
  head.add("connection", "close");
  head.add("host", "evil");
  expect(writeRequest(head, 5)).toEqual([
    "POST / HTTP/1.1",
    "Host: kvs",
    "content-length: 5",
    "",
    "",
  ]);
});

test("a head of the proxy's own making has its Host from the authority", () => {
  const line = { method: "GET", path: "/ready", authority: "kvs" };
  const head = new PlainRequestHead(line, [
    ["accept", "*/*"],
    ["te", "gzip"],
  ]);
  expect(writeRequest(head, 0)).toEqual([
    "GET /ready HTTP/1.1",
    "host: kvs",
    "accept: */*",
    "",
    "",
  ]);
});

test("no edit can make two lines of one", () => {
  for (const value of ["a\r\nb: c", "a\nb", "a\0", "\u{1f600}"]) {
    const head = request("GET / HTTP/1.1", "Host: kvs");
    head.set("x", value);
    expect(() => writeRequest(head, 0)).toThrow(AssertionError);
    context.gather.release(owner);
  }
  for (const path of ["/a b", "/\r\n", ""]) {
    const head = request("GET / HTTP/1.1", "Host: kvs");
    head.path = path;
    expect(() => writeRequest(head, 0)).toThrow(AssertionError);
    context.gather.release(owner);
  }
});

test("a reply keeps its line unless its status was edited", () => {
  const head = reply("HTTP/1.1 200 Fine by me", "A: 1", "Content-Length: 3");
  expect(writeReply(head, { framing: 3 })).toEqual([
    "HTTP/1.1 200 Fine by me",
    "A: 1",
    "Content-Length: 3",
    "",
    "",
  ]);
  head.status = 503;
  expect(writeReply(head, { framing: "chunked", closes: true })).toEqual([
    "HTTP/1.1 503 Service Unavailable",
    "A: 1",
    "transfer-encoding: chunked",
    "connection: close",
    "",
    "",
  ]);
});

test("a plain reply says what it was given and no more", () => {
  const head = new PlainReplyHead(404, [["x-heddle-reason", "no-route"]]);
  expect(writeReply(head, { framing: 0 })).toEqual([
    "HTTP/1.1 404 Not Found",
    "x-heddle-reason: no-route",
    "content-length: 0",
    "",
    "",
  ]);
});
