/**
 * Nanoseconds of CPU per head, the median of seven rounds: `node packages/mesh/test/http2/bench.ts`. Not a test: it
 * asserts nothing.
 */
import { Gather } from "@heddle/mesh/net/gather.ts";
import { HeadAppender } from "@heddle/mesh/net/http2/head-appender.ts";
import { HpackDecoder } from "@heddle/mesh/net/http2/hpack/decoder.ts";
import { HpackEncoder } from "@heddle/mesh/net/http2/hpack/encoder.ts";
import type { HpackField } from "@heddle/mesh/net/http2/hpack/field.ts";
import { defaultHpackLimits } from "@heddle/mesh/net/http2/hpack/limits.ts";
import { LiteralCache } from "@heddle/mesh/net/http2/hpack/literal-cache.ts";
import { readReplyHead } from "@heddle/mesh/net/http2/read-reply.ts";
import { readRequestHead } from "@heddle/mesh/net/http2/read-request.ts";
import { fieldsOf, headLimits } from "./heads.ts";

const heads: Record<string, readonly string[]> = {
  h2load: [
    ":method GET",
    ":scheme http",
    ":authority 127.0.0.1:28080",
    ":path /bench/1k",
    "user-agent h2load nghttp2/1.52.0",
  ],
  gRPC: [
    ":method POST",
    ":scheme http",
    ":path /helloworld.Greeter/SayHello",
    ":authority greeter:50051",
    "content-type application/grpc",
    "user-agent grpc-go/1.60.0",
    "te trailers",
    "grpc-timeout 1000m",
    "grpc-accept-encoding gzip",
  ],
  browser: [
    ":method GET",
    ":scheme https",
    ":authority www.example.com",
    ":path /api/v1/users/12345?fields=name,email",
    "user-agent Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0",
    "accept text/html,application/xhtml+xml,*/*;q=0.8",
    "accept-language en-US,en;q=0.5",
    "accept-encoding gzip, deflate, br",
    "cookie session=abcdef0123456789",
    "cookie theme=dark",
  ],
  "with ids": [
    ":method GET",
    ":scheme http",
    ":authority 127.0.0.1:28080",
    ":path /users/#",
    "user-agent h2load nghttp2/1.52.0",
    "x-request-id 7f3c9a2e-0000-4444-8888-abcd#",
  ],
  reply: [
    ":status 200",
    "server nginx",
    "date Sun, 22 Nov 2026 14:40:11 GMT",
    "content-type application/octet-stream",
    "content-length 1024",
  ],
};

const rounds = 7;
const count = 200_000;

function measure(name: string, run: (index: number) => void): void {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = process.cpuUsage();
    for (let index = 0; index < count; index++) run(index);
    const { user, system } = process.cpuUsage(start);
    times.push(((user + system) * 1000) / count);
  }
  times.sort((a, b) => a - b);
  console.log(`${name.padEnd(44)} ${times[rounds >> 1]!.toFixed(0).padStart(6)} ns`);
}

const out = new Gather();
const appender = new HeadAppender("2 heddle");
const asked = { method: "GET", isUpgrade: false };

/** Blocks as nghttp2 sends them: all but `:path` in the table; `#` is another text in each. */
function blocksOf(lines: readonly string[]): Buffer[] {
  const encoder = new HpackEncoder();
  const fixed = fieldsOf(lines);
  for (const field of fixed) field.isRepeated = field.name !== ":path";
  return Array.from({ length: lines.some((line) => line.includes("#")) ? 5000 : 4 }, (_, at) => {
    const own = fieldsOf(lines.map((line) => line.replace("#", String(10_000_000 + at * 7919))));
    out.length = 0;
    for (const [place, field] of own.entries()) {
      encoder.field(out, lines[place]!.includes("#") ? field : fixed[place]!);
    }
    return Buffer.from(out.bytes.subarray(0, out.length));
  });
}

for (const [name, lines] of Object.entries(heads)) {
  const blocks = blocksOf(lines);
  const decoder = new HpackDecoder(defaultHpackLimits, new LiteralCache());
  const encoder = new HpackEncoder();
  const fields: HpackField[] = [];
  const decode = (index: number) => {
    const block = blocks[index < 3 ? index : 3 + ((index - 3) % (blocks.length - 3))]!;
    fields.length = 0;
    decoder.decode(block, 0, block.length, fields);
  };
  for (let index = 0; index < blocks.length; index++) decode(index);
  const start = blocks.length;
  measure(`decode                       ${name}`, (index) => decode(start + index));
  measure(`decode, read, append         ${name}`, (index) => {
    decode(start + index);
    out.length = 0;
    if (name === "reply") {
      const head = readReplyHead(fields, false, asked);
      if (!("reason" in head)) appender.reply(encoder, out, head, 1024);
      return;
    }
    const head = readRequestHead(fields, true, headLimits);
    if (!("reason" in head)) appender.request(encoder, out, head, 0);
  });
  console.log(`${"octets that came, and went".padEnd(44)} ${blocks.at(-1)!.length}, ${out.length}`);
}
