import http2 from "node:http2";
import { Duplex } from "node:stream";
import { parseArgs } from "node:util";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { Http2Client } from "@heddle/mesh/net/http2/client.ts";
import { Http2Context } from "@heddle/mesh/net/http2/context.ts";
import { defaultHttp2Limits } from "@heddle/mesh/net/http2/limits.ts";
import { Http2Server } from "@heddle/mesh/net/http2/server.ts";
import { PlainRequestHead } from "@heddle/mesh/net/plain-head.ts";
import {
  listFields,
  RecordedReply,
  type RecordedRequest,
  RecordingHandler,
} from "../../packages/mesh/test/http1/recorders.ts";
import { ScriptedConnection } from "../../packages/mesh/test/http1/scripted-connection.ts";
import { FrameMaker } from "./http2-inputs.ts";

/**
 * Fuzzes the framing of HTTP/2: `node test/fuzz/http2.ts [--count 1000000] [--seed N]`. Claims: no octets make either side throw; what
 * a handler or a sink sees does not depend on how they were cut; no more streams are open than allowed, and what is sent
 * stays in proportion to what came; what is well-formed node:http2 sees as we do.
 */
export interface Http2Summary {
  readonly broken: number;
  readonly whole: number;
  readonly compared: number;
  readonly refuted: string | null;
}

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const streamsMax = 4;
const requestsAsked = 4;

/** Runs until `count` inputs were tried or one refutes a claim; every 20th is compared with node:http2. */
export async function fuzz(options: { seed: number; count: number }): Promise<Http2Summary> {
  const maker = new FrameMaker(new SeededRng(options.seed));
  const summary = { broken: 0, whole: 0, compared: 0, refuted: null as string | null };
  for (let index = 0; index < options.count && summary.refuted === null; index++) {
    const isReply = index % 2 === 1;
    const valid = isReply ? maker.replies(requestsAsked) : maker.requests();
    const isWhole = index % 10 < 2;
    const input = Buffer.concat(isWhole ? valid : maker.mutate(valid)).toString("latin1");
    const see = isReply ? seeReplies : seeRequests;
    try {
      const seen = see(input, []);
      const again = see(input, maker.cuts(input.length + preface.length));
      if (again !== seen) summary.refuted = `cut otherwise it is seen otherwise: ${hex(input)}`;
      if (isWhole) summary.whole++;
      else summary.broken++;
      if (index % 20 !== 0) continue;
      summary.compared++;
      const theirs = await seenByNode(input);
      const ours = seeRequests(input, [], 100);
      if (theirs !== ours) summary.refuted = `node:http2 sees ${theirs}, we ${ours}: ${hex(input)}`;
    } catch (error) {
      summary.refuted = `${(error as Error).stack}\n${hex(input)}`;
    }
  }
  return summary;
}

const hex = (input: string) => Buffer.from(input, "latin1").toString("hex");

function seeRequests(input: string, cuts: readonly number[], most = streamsMax): string {
  const limits = { ...defaultHttp2Limits, streamsMax: most };
  const clock = new VirtualClock();
  const connection = new ScriptedConnection();
  const handler = new RecordingHandler();
  connection.events = new Http2Server(new Http2Context({ clock, limits }), connection, handler);
  connection.deliver(preface + input, ...cuts);
  const open = handler.requests.filter(({ failure }) => failure === null).length;
  if (open > most) throw new Error(`${open} streams are open`);
  if (connection.output.length > 30 * input.length + 5000) {
    throw new Error(`${connection.output.length} octets in answer to ${input.length}`);
  }
  clock.advance(200_000); // all limits of time
  connection.close(null);
  for (const { failure, hasEnded } of handler.requests) {
    if (failure === null && !hasEnded) throw new Error("a request without an end");
  }
  return handler.requests.map(tellRequest).join("\n");
}

function tellRequest({ stream, head, body, trailers, hasEnded, failure }: RecordedRequest): string {
  // A request that failed has had as much of its body as was cut off before.
  const rest = failure?.reason === "bad-request" ? "broken" : `${body} ${hasEnded} ${trailers}`;
  return `${stream.ordinal} ${head.method} ${head.path} ${listFields(head)} ${rest}`;
}

function seeReplies(input: string, cuts: readonly number[]): string {
  const clock = new VirtualClock();
  const connection = new ScriptedConnection();
  const owner = { onOpen() {}, onExchangeEnd() {}, onCapacity() {}, onClose() {} };
  const client = new Http2Client(new Http2Context({ clock }), owner);
  client.attach(connection);
  connection.events = client;
  client.onOpen();
  const replies: RecordedReply[] = [];
  owner.onOpen = () => {
    while (replies.length < Math.min(requestsAsked, client.capacity + replies.length)) {
      const reply = new RecordedReply();
      replies.push(reply);
      const stream = client.start(reply);
      stream.sendHead(new PlainRequestHead({ method: "GET", path: "/", authority: "kvs" }), 0);
      stream.sendEnd(null);
    }
  };
  connection.deliver(input, ...cuts);
  clock.advance(200_000);
  connection.close(null);
  return replies.map(tellReply).join("\n");
}

function tellReply({ interims, head, body, trailers, hasEnded, failure }: RecordedReply): string {
  if (hasEnded === (failure !== null)) throw new Error("a reply ends once, well or not");
  if (failure !== null) return `${head?.status} ${failure.reason}`;
  return `${interims} ${head?.status} ${listFields(head)} ${body} ${trailers}`;
}

/** The same requests as a server of node:http2 tells them. */
function seenByNode(input: string): Promise<string> {
  return new Promise((resolve) => {
    const told: (() => string)[] = [];
    let hasRead = () => {};
    const side = new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => {
        if (chunk.includes("fuzzed!!")) hasRead();
        done();
      },
    });
    const server = http2.createServer();
    server.on("sessionError", () => {});
    server.on("stream", (stream: http2.ServerHttp2Stream, headers) => {
      let body = "";
      let trailers: string[] = [];
      let hasEnded = false;
      stream.on("data", (piece: Buffer) => void (body += piece.toString("latin1")));
      stream.on("trailers", (fields) => {
        trailers = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
      });
      stream.on("end", () => void (hasEnded = true));
      stream.on("error", () => {});
      const fields = Object.entries(headers).filter(([name]) => !name.startsWith(":"));
      const lines = [
        `host: ${headers[":authority"]}`,
        ...fields.map(([name, value]) => `${name}: ${value}`),
      ];
      const line = `${(stream.id! + 1) / 2} ${headers[":method"]} ${headers[":path"]} ${lines}`;
      told.push(() => `${line} ${body} ${hasEnded} ${trailers}`);
    });
    server.on("session", (session) => {
      session.on("error", () => {});
      // It answers a PING behind all else when it has read all; its streams tell of it a few turns later.
      hasRead = async () => {
        for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
        resolve(told.map((tell) => tell()).join("\n"));
        session.destroy();
        side.destroy();
      };
      side.push(`${preface}${input}\0\0\x08\x06\0\0\0\0\0fuzzed!!`, "latin1");
    });
    server.emit("connection", side);
  });
}

export async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { count: { type: "string" }, seed: { type: "string" } },
    strict: false,
  });
  const seed = Number(values["seed"] ?? process.pid);
  const summary = await fuzz({ seed, count: Number(values["count"] ?? 1_000_000) });
  console.log(`http2, seed ${seed}:`, summary);
  if (summary.refuted !== null) process.exitCode = 1;
}

if (import.meta.main) await main();
