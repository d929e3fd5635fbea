import { Agent, request } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Rng } from "@heddle/mesh/base/rng.ts";
import WebSocket from "ws";
import { isPattern, pattern } from "./pattern.ts";
import { Stuck, type Tally, WrongByte } from "./tally.ts";

export interface Ports {
  readonly web: number;
  readonly h2: number;
  readonly tcp: number;
}

/** One piece of traffic of a kind; resolves with the octets that came back. Throws what went wrong. */
type Piece = (ports: Ports, rng: Rng) => Promise<number>;

const host = "127.0.0.1";
/** Nothing takes longer than this, in ms: it would be stuck. */
const pieceMsMax = 60_000;

/** Kinds of traffic: a piece, how many at a time, and the pause between two of them in ms. */
export const kinds: Readonly<
  Record<string, { readonly piece: Piece; readonly workers: number; readonly pauseMs: number }>
> = {
  h1: { piece: echoHttp1, workers: 8, pauseMs: 5 },
  h2: { piece: echoHttp2, workers: 8, pauseMs: 5 },
  stream: { piece: longStream, workers: 6, pauseMs: 50 },
  websocket: { piece: webSocket, workers: 4, pauseMs: 50 },
  tcp: { piece: tcp, workers: 4, pauseMs: 20 },
  "slow reader": { piece: slowReader, workers: 4, pauseMs: 100 },
  "abort h1": { piece: abortHttp1, workers: 2, pauseMs: 40 },
  "abort h2": { piece: abortHttp2, workers: 2, pauseMs: 40 },
  "abort tcp": { piece: abortTcp, workers: 2, pauseMs: 40 },
};

/** Runs every kind until the tally says stop, and then until all pieces have ended. */
export async function runTraffic(ports: Ports, tally: Tally, rng: () => Rng): Promise<void> {
  const workers = Object.entries(kinds).flatMap(([kind, { piece, workers: count, pauseMs }]) =>
    Array.from({ length: count }, async () => {
      const own = rng();
      const result = tally.of(kind);
      while (!tally.isStopping) {
        try {
          result.octets += await bounded(piece(ports, own));
          result.done++;
        } catch (error) {
          if (error instanceof WrongByte) result.wrongBytes++;
          if (error instanceof Stuck) result.stuck++;
          const words = wordsOf(error as Error);
          result.errors.set(words, (result.errors.get(words) ?? 0) + 1);
          await sleep(50);
        }
        await sleep(pauseMs);
      }
    }),
  );
  await Promise.all(workers);
}

function bounded<T>(promise: Promise<T>): Promise<T> {
  let late: NodeJS.Timeout;
  const bound = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Stuck(`nothing for ${pieceMsMax} ms`)), pieceMsMax);
  });
  return Promise.race([promise, bound]).finally(() => clearTimeout(late));
}

/** Errors by kind: numbers in them do not tell them apart. */
function wordsOf(error: Error & { readonly code?: string }): string {
  return error.code ?? error.message.replace(/\d+/g, "n").slice(0, 80);
}

const agent = new Agent({ keepAlive: true, maxSockets: 32 });

function echoHttp1({ web }: Ports, rng: Rng): Promise<number> {
  const length = rng.below(200_000);
  return new Promise((resolve, reject) => {
    const asking = request({ host, port: web, agent, method: "POST", path: "/" }, (reply) => {
      if (reply.statusCode !== 200) {
        reply.resume();
        reply.once("error", () => {});
        reject(new Error(`h1 status ${reasonOf(reply.headers["x-heddle-reason"])}`));
        return;
      }
      let at = 0;
      reply.on("data", (bytes: Buffer) => {
        if (!isPattern(bytes, at)) reject(new WrongByte("wrong byte"));
        at += bytes.length;
      });
      reply.once("error", reject);
      reply.once("end", () => (at === length ? resolve(at) : reject(new WrongByte("length"))));
    });
    asking.once("error", reject);
    asking.end(pattern(0, length));
  });
}

function reasonOf(value: string | readonly string[] | undefined): string {
  return typeof value === "string" ? value : "of the process";
}

/** One session for all, made anew once it has gone. */
let session: ClientHttp2Session | null = null;
function sessionTo(port: number): ClientHttp2Session {
  if (session === null || session.closed || session.destroyed) {
    session = connectHttp2(`http://${host}:${port}`);
    session.on("error", () => {});
  }
  return session;
}

/** Ends the session that pieces share. */
export function closeSessions(): void {
  session?.destroy();
  session = null;
  agent.destroy();
}

function echoHttp2({ h2 }: Ports, rng: Rng): Promise<number> {
  const length = rng.below(200_000);
  return new Promise((resolve, reject) => {
    const stream = sessionTo(h2).request({ ":method": "POST", ":path": "/" });
    let at = 0;
    stream.on("response", (head) => {
      if (head[":status"] !== 200)
        reject(new Error(`h2 status ${reasonOf(head["x-heddle-reason"] as string | undefined)}`));
    });
    stream.on("data", (bytes: Buffer) => {
      if (!isPattern(bytes, at)) reject(new WrongByte("wrong byte"));
      at += bytes.length;
    });
    stream.once("error", reject);
    stream.once("close", () => {
      if (stream.rstCode !== 0) reject(new Error(`h2 reset ${stream.rstCode}`));
      else if (at !== length) reject(new WrongByte("length"));
      else resolve(at);
    });
    stream.end(pattern(0, length));
  });
}

/** A call of gRPC's shape: a message each 20 ms for up to 10 s, each given back before the next. */
async function longStream({ h2 }: Ports, rng: Rng): Promise<number> {
  const stream = sessionTo(h2).request({
    ":method": "POST",
    ":path": "/heddle.soak.Echo/both",
    "content-type": "application/grpc",
    te: "trailers",
  });
  let received = 0;
  let status: unknown = null;
  stream.once("trailers", (trailers) => {
    status = trailers["grpc-status"];
  });
  let wake: () => void = () => {};
  let failure: Error | null = null;
  let hasEnded = false;
  stream.on("data", (bytes: Buffer) => {
    if (!isPattern(bytes, received)) failure = new WrongByte("wrong byte");
    received += bytes.length;
    wake();
  });
  stream.once("error", (error) => {
    failure ??= error;
    wake();
  });
  stream.once("close", () => {
    hasEnded = true;
    if (stream.rstCode !== 0) failure ??= new Error(`stream reset ${stream.rstCode}`);
    wake();
  });
  let sent = 0;
  for (let left = rng.below(500); left > 0 && failure === null && !hasEnded; left--) {
    const length = 1 + rng.below(2000);
    stream.write(pattern(sent, length));
    sent += length;
    while (received < sent && failure === null && !hasEnded)
      await new Promise<void>((resolve) => (wake = resolve));
    await sleep(20);
  }
  stream.end();
  while (!hasEnded && failure === null) await new Promise<void>((resolve) => (wake = resolve));
  if (failure !== null) throw failure;
  if (status !== "0") throw new Error(`stream ended with grpc-status ${status}`);
  if (received !== sent) throw new WrongByte("length");
  return received;
}

function webSocket({ web }: Ports, rng: Rng): Promise<number> {
  const socket = new WebSocket(`ws://${host}:${web}/`, { perMessageDeflate: false });
  let left = 1 + rng.below(50);
  let length = 0;
  let octets = 0;
  return new Promise((resolve, reject) => {
    const send = (): void => {
      length = 1 + rng.below(20_000);
      socket.send(pattern(octets, length));
    };
    socket.once("open", send);
    socket.on("message", (data: Buffer) => {
      if (data.length !== length || !isPattern(data, octets)) reject(new WrongByte("message"));
      octets += data.length;
      if (--left > 0) send();
      else socket.close(1000);
    });
    socket.once("error", (error) => reject(error));
    socket.once("close", () => (left === 0 ? resolve(octets) : reject(new Error("ws closed"))));
  });
}

function tcp({ tcp: port }: Ports, rng: Rng): Promise<number> {
  const length = 1 + rng.below(500_000);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    let at = 0;
    socket.on("data", (bytes: Buffer) => {
      if (!isPattern(bytes, at)) reject(new WrongByte("wrong byte"));
      at += bytes.length;
    });
    socket.once("end", () => (at === length ? resolve(at) : reject(new Error("tcp ended early"))));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("tcp closed")));
    socket.end(pattern(0, length));
  });
}

/** Takes 1 MB to 5 MB in small steps, so that every queue between is full. */
function slowReader({ web }: Ports, rng: Rng): Promise<number> {
  const length = (1 + rng.below(5)) << 20;
  return new Promise((resolve, reject) => {
    const path = `/pattern/${length}`;
    const asking = request({ host, port: web, agent: false, path }, async (reply) => {
      let at = 0;
      try {
        for await (const bytes of reply as AsyncIterable<Buffer>) {
          if (reply.statusCode !== 200) throw new Error(`slow status ${reply.statusCode}`);
          if (!isPattern(bytes, at)) throw new WrongByte("wrong byte");
          at += bytes.length;
          await sleep(2);
        }
        if (at !== length) throw new WrongByte("length");
        resolve(at);
      } catch (error) {
        reject(error);
      }
    });
    asking.once("error", reject);
    asking.end();
  });
}

/** Goes away in the middle of a request or of its reply. */
async function abortHttp1({ web }: Ports, rng: Rng): Promise<number> {
  const asking = request({ host, port: web, agent: false, method: "POST", path: "/" });
  asking.on("error", () => {});
  asking.on("response", (reply) => reply.on("error", () => {}).resume());
  asking.write(pattern(0, rng.below(100_000)));
  await sleep(rng.below(30));
  asking.destroy();
  return 0;
}

async function abortHttp2({ h2 }: Ports, rng: Rng): Promise<number> {
  const stream = sessionTo(h2).request({ ":method": "POST", ":path": "/" });
  stream.on("error", () => {}).resume();
  stream.write(pattern(0, rng.below(100_000)));
  await sleep(rng.below(30));
  stream.close(8); // CANCEL
  return 0;
}

async function abortTcp({ tcp: port }: Ports, rng: Rng): Promise<number> {
  const socket = connect({ host, port });
  socket.on("error", () => {}).resume();
  socket.write(pattern(0, rng.below(100_000)));
  await sleep(rng.below(30));
  socket.resetAndDestroy();
  return 0;
}
