/**
 * Nanoseconds of CPU per head, the median of seven rounds: `node packages/mesh/test/http1/bench.ts`. Not a test: it
 * asserts nothing.
 */
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import type { ReplyShape } from "@heddle/mesh/net/http1/framing.ts";
import { frameReply, frameRequest } from "@heddle/mesh/net/http1/framing.ts";
import { HeadReader } from "@heddle/mesh/net/http1/head-reader.ts";
import type { Http1RequestHead } from "@heddle/mesh/net/http1/request-head.ts";
import {
  appendReplyHead,
  appendRequestHead,
  headBytesBound,
} from "@heddle/mesh/net/http1/serialise.ts";
import { openRelay } from "./rig.ts";

const small = [
  "GET /1000042 HTTP/1.1",
  "Host: 127.0.0.1:8080",
  "User-Agent: wrk/4.1",
  "Accept: */*",
  "Connection: keep-alive",
  "X-Request-Id: 9f8a7b",
];
const large = [
  "GET /api/v1/recommendations/1000042?limit=20&after=abcdef HTTP/1.1",
  "Host: recommendation.default.svc",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: en-US,en;q=0.9",
  "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark",
  "X-Request-Id: 0f4a1c52-7e0b-4a3a-9c1e-5d0b1a2c3d4e",
  "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  "Cache-Control: no-cache",
  "Connection: keep-alive",
];
const reply = [
  "HTTP/1.1 200 OK",
  "Server: nginx",
  "Date: Thu, 01 Jan 2026 00:00:00 GMT",
  "Content-Type: text/plain",
  "Content-Length: 1024",
  "Connection: keep-alive",
];

const rounds = 7;
const count = 300_000;

function measure(name: string, run: () => void): void {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = process.cpuUsage();
    for (let index = 0; index < count; index++) run();
    const { user, system } = process.cpuUsage(start);
    times.push(((user + system) * 1000) / count);
  }
  times.sort((a, b) => a - b);
  console.log(`${name.padEnd(44)} ${times[rounds >> 1]!.toFixed(0).padStart(6)} ns`);
}

const toBytes = (lines: string[]) => Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
const context = new Http1Context({ clock: new VirtualClock() });
const owner = { flush: () => context.gather.release(owner) };

for (const [name, lines] of [
  ["small (5 fields)", small],
  ["large (10 fields, 500 octets)", large],
] as const) {
  const bytes = toBytes([...lines]);
  const reader = new HeadReader("request", context.limits, context.requestScanner);
  const { requestScanner } = context;
  measure(`${name}: scan`, () => {
    requestScanner.reset();
    requestScanner.scan(bytes, 0, bytes.length);
  });
  measure(`${name}: scan, copy, frame`, () => {
    reader.read(bytes, 0, bytes.length);
    frameRequest(reader.scanner, reader.copyHead());
  });
  reader.read(bytes, 0, bytes.length);
  const head = frameRequest(reader.scanner, reader.copyHead()) as Http1RequestHead;
  measure(`${name}: serialise`, () => {
    context.gather.take(owner);
    context.gather.reserve(headBytesBound(head));
    appendRequestHead(context.gather, head, 0, context.via);
    owner.flush();
  });
}

const replyBytes = toBytes(reply);
const replyReader = new HeadReader("reply", context.limits, context.replyScanner);
measure("reply (5 fields): scan, copy, frame", () => {
  replyReader.read(replyBytes, 0, replyBytes.length);
  frameReply(replyReader.scanner, replyReader.copyHead(), "GET");
});
replyReader.read(replyBytes, 0, replyBytes.length);
const shape = frameReply(replyReader.scanner, replyReader.copyHead(), "GET") as ReplyShape;
const options = { framing: 1024, lengthField: "drop", closes: false } as const;
measure("reply (5 fields): serialise", () => {
  context.gather.take(owner);
  context.gather.reserve(headBytesBound(shape.head));
  appendReplyHead(context.gather, shape.head, options);
  owner.flush();
});

const { server, client, down, up } = openRelay();
down.write = () => "done";
up.write = () => "done";
const requestBytes = toBytes(small);
const answer = Buffer.concat([replyBytes, Buffer.alloc(1024, 0x61)]);
measure("small request and 1 KiB answer, both codecs", () => {
  server.onBytes(requestBytes, 0, requestBytes.length);
  client.onBytes(answer, 0, answer.length);
});
