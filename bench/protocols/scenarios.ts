import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { PortProtocol } from "@heddle/mesh/model/protocol.ts";
import { runLoad } from "../load/run.ts";
import { compilePeer } from "../rig/origin.ts";
import { freePort, whenListening } from "../rig/ports.ts";
import type { Rig } from "../rig/rig.ts";
import { heddle } from "../subject/heddle.ts";
import type { Running, Topology } from "../subject/subject.ts";
import { type HaproxyCarries, startHaproxy } from "./haproxy.ts";
import { shakeHands } from "./peer.ts";

/** What one run of a load did: how much work, in the scenario's unit. */
export interface Work {
  readonly count: number;
  readonly p99Ms?: number;
}

/** One load over one protocol, on every subject that speaks it. */
export interface ProtocolScenario {
  /** `<protocol>/<topology>/<load>` */
  readonly name: string;
  readonly topology: Topology;
  /** What is counted: cost is CPU time for one of it. */
  readonly unit: "request" | "message" | "MB" | "connection" | "handshake";
  readonly explained: string;
  /** Starts what stands behind the proxies; its port. */
  origin(rig: Rig): Promise<number>;
  readonly protocol: PortProtocol;
  readonly haproxy: HaproxyCarries | null;
  /** Is `node:http2` a subject? */
  readonly node: boolean;
  /** Runs the load through `port` for about `seconds`. */
  work(rig: Rig, subject: Running, seconds: number): Promise<Work>;
}

export interface ProtocolSubject {
  readonly name: string;
  start(rig: Rig, origin: number): Promise<Running>;
}

/** Names of all of them. */
export const protocolSubjects = ["heddle", "haproxy", "haproxy-control", "node-http2"] as const;

export function subjectsOf(scenario: ProtocolScenario): readonly ProtocolSubject[] {
  const { topology, protocol, haproxy, node } = scenario;
  const subjects: ProtocolSubject[] = [
    {
      name: "heddle",
      start: (rig, origin) =>
        heddle(topology, { contract: null, control: null }, { protocol, origin }).start(rig),
    },
  ];
  if (haproxy !== null) {
    for (const name of ["haproxy", "haproxy-control"]) {
      subjects.push({
        name,
        start: (rig, origin) => startHaproxy(rig, topology, { carries: haproxy, origin }),
      });
    }
  }
  if (node) subjects.push({ name: "node-http2", start: startNode });
  return subjects;
}

async function startNode(rig: Rig, origin: number): Promise<Running> {
  const port = await freePort();
  const script = new URL("../peers/node-http2.mjs", import.meta.url).pathname;
  const child = rig.children.start({
    name: "node-http2",
    cpu: rig.cpus.proxy,
    command: [process.execPath, script, String(port), String(origin)],
  });
  return { port, proxies: [child] };
}

async function startPeer(
  rig: Rig,
  name: string,
  args: (port: number) => string[],
): Promise<number> {
  const port = await freePort();
  const binary = compilePeer(name, rig.folder);
  rig.children.start({ name, cpu: rig.cpus.load, command: [binary, ...args(port)] });
  await whenListening(port);
  return port;
}

/** Of `peers/origin-h2.c`. */
type H2Answers = "unary" | "push" | "stream";

export const h2Origin = (answers: H2Answers) => (rig: Rig) =>
  startPeer(rig, "origin-h2", (port) => [String(port), answers]);
const tcpOrigin = (rig: Rig) => startPeer(rig, "tcp-peer", (port) => ["serve", String(port)]);

/** 8 connections of 12 streams. */
export const multiplexed = ["-t1", "-c8", "-m12"];

/** h2load for a time: a trial tells how many requests that is, so that the cost is over exactly that many. */
async function h2load(port: number, seconds: number, extra: readonly string[]): Promise<Work> {
  const url = `http://127.0.0.1:${port}/`;
  const said = await runLoad(
    ["h2load", ...multiplexed, `-D${Math.ceil(seconds)}`, ...extra, url],
    seconds,
  );
  const done =
    /(\d+) total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored/.exec(said);
  const wrong = /^status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/m.exec(said);
  const count = Number(done?.[2] ?? 0);
  const others = Number(wrong?.[2] ?? 1) + Number(wrong?.[3] ?? 0) + Number(wrong?.[4] ?? 0);
  // What the end of the time cuts off counts as failed, and is at most what was under way.
  if (count === 0 || others > 0 || Number(done?.[5]) > 0) throw new Error(said.slice(-400));
  return { count };
}

/** What makes a request of h2load a call with one message. */
export function grpcCall(rig: Rig): string[] {
  const message = join(rig.folder, "grpc-message");
  writeFileSync(message, Buffer.concat([Buffer.from([0, 0, 0, 0, 123]), Buffer.alloc(123)]));
  return ["-Hcontent-type: application/grpc", "-Hte: trailers", `-d${message}`];
}

async function tcpLoad(rig: Rig, args: readonly string[]): Promise<number> {
  const binary = compilePeer("tcp-peer", rig.folder);
  return Number(await runLoad([binary, ...args], 30));
}

const topologies: readonly Topology[] = ["one-hop-plain", "two-hop-mtls"];

export const protocolScenarios: readonly ProtocolScenario[] = [
  ...topologies.map(
    (topology): ProtocolScenario => ({
      name: `h2/${topology}/unary`,
      topology,
      unit: "request",
      explained:
        "HTTP/2 by prior knowledge, 8 connections of 12 streams, answers of 1,024 octets (h2load)",
      origin: h2Origin("unary"),
      protocol: "http",
      haproxy: "h2",
      node: topology === "one-hop-plain",
      work: (_rig, { port }, seconds) => h2load(port, seconds, []),
    }),
  ),
  ...topologies.map(
    (topology): ProtocolScenario => ({
      name: `grpc/${topology}/unary`,
      topology,
      unit: "request",
      explained:
        "gRPC's frames: a message of 128 octets each way, status in trailers, 8 connections of 12 streams (h2load)",
      origin: h2Origin("unary"),
      protocol: "http",
      haproxy: "h2",
      node: topology === "one-hop-plain",
      work: (rig, { port }, seconds) => h2load(port, seconds, grpcCall(rig)),
    }),
  ),
  ...topologies.map(
    (topology): ProtocolScenario => ({
      name: `grpc/${topology}/server-stream`,
      topology,
      unit: "message",
      explained:
        "gRPC, answers of 100 messages of 128 octets, each in a frame of its own, 8 connections of 12 streams (h2load)",
      origin: h2Origin("push"),
      protocol: "http",
      haproxy: "h2",
      node: topology === "one-hop-plain",
      work: async (rig, { port }, seconds) => {
        const { count } = await h2load(port, seconds, grpcCall(rig));
        return { count: count * 100 };
      },
    }),
  ),
  ...topologies.map(
    (topology): ProtocolScenario => ({
      name: `grpc/${topology}/bidi`,
      topology,
      unit: "message",
      explained:
        "gRPC, 8 connections of 12 streams without end, messages of 128 octets sent back one by one, compared (grpc-bidi)",
      origin: h2Origin("stream"),
      protocol: "http",
      haproxy: "h2",
      node: topology === "one-hop-plain",
      work: async (rig, { port }, seconds) => {
        const binary = compilePeer("grpc-bidi", rig.folder);
        const command = [binary, String(port), "8", "12", String(seconds)];
        return { count: Number(await runLoad(command, seconds)) };
      },
    }),
  ),
  ...topologies.flatMap((topology): ProtocolScenario[] => [
    {
      name: `tcp/${topology}/down`,
      topology,
      unit: "MB",
      explained: "opaque TCP, 8 connections, the server sends (tcp-peer)",
      origin: tcpOrigin,
      protocol: "opaque",
      haproxy: "tcp",
      node: false,
      work: async (rig, { port }, seconds) => ({
        count: (await tcpLoad(rig, ["down", String(port), "8", String(seconds)])) / 1e6,
      }),
    },
    {
      name: `tcp/${topology}/up`,
      topology,
      unit: "MB",
      explained: "opaque TCP, 8 connections, the client sends (tcp-peer)",
      origin: tcpOrigin,
      protocol: "opaque",
      haproxy: "tcp",
      node: false,
      work: async (rig, { port }, seconds) => ({
        count: (await tcpLoad(rig, ["up", String(port), "8", String(seconds)])) / 1e6,
      }),
    },
    {
      name: `tcp/${topology}/rate`,
      topology,
      unit: "connection",
      explained: "opaque TCP, 16 at a time: connect, one octet there and back, close (tcp-peer)",
      origin: tcpOrigin,
      protocol: "opaque",
      haproxy: "tcp",
      node: false,
      work: async (rig, { port }, seconds) => ({
        count: await tcpLoad(rig, ["rate", String(port), "16", String(seconds)]),
      }),
    },
  ]),
  ...topologies.map(
    (topology): ProtocolScenario => ({
      name: `body/${topology}/down`,
      topology,
      unit: "MB",
      explained: "HTTP/1.1, answers of 10 MB on 4 connections (wrk)",
      origin: (rig) => Promise.resolve(rig.origin.port),
      protocol: "http",
      haproxy: "http/1.1",
      node: false,
      work: async (_rig, { port }, seconds) => {
        const url = `http://127.0.0.1:${port}/stream/10000000`;
        const said = await runLoad(
          ["wrk", "-t1", "-c4", `-d${Math.ceil(seconds)}s`, "--timeout", "20s", url],
          seconds,
        );
        const [, amount, unit] = /([\d.]+)([KMG])B read/.exec(said) ?? [];
        const factor = unit === "G" ? 1073.741824 : unit === "M" ? 1.048576 : 0.001024;
        if (amount === undefined || said.includes("Non-2xx")) throw new Error(said.slice(-300));
        return { count: Number(amount) * factor };
      },
    }),
  ),
  ...topologies.map(
    (topology): ProtocolScenario => ({
      name: `websocket/${topology}/echo`,
      topology,
      unit: "message",
      explained: "WebSocket, 32 connections, messages of 64 octets sent back one by one (ws)",
      origin: async (rig) => {
        createRequire(import.meta.url).resolve("ws");
        const port = await freePort();
        const script = new URL("../peers/websocket.mjs", import.meta.url).pathname;
        const command = [process.execPath, script, "serve", String(port)];
        rig.children.start({ name: "websocket", cpu: rig.cpus.load, command });
        await whenListening(port);
        return port;
      },
      protocol: "http",
      haproxy: "http/1.1",
      node: false,
      work: async (_rig, { port }, seconds) => {
        const script = new URL("../peers/websocket.mjs", import.meta.url).pathname;
        const command = [process.execPath, script, "load", String(port), "32", String(seconds)];
        return { count: Number(await runLoad(command, seconds)) };
      },
    }),
  ),
  ...(["full", "resumed"] as const).map(
    (kind): ProtocolScenario => ({
      name: `handshake/two-hop-mtls/${kind}`,
      topology: "two-hop-mtls",
      unit: "handshake",
      explained: `mutual TLS 1.3, ${kind}, one exchange on each connection, 8 at a time; CPU of the side that accepts`,
      origin: (rig) => Promise.resolve(rig.origin.port),
      protocol: "http",
      haproxy: "http/1.1",
      node: false,
      work: async (rig, { inbound }, seconds) => ({
        count: await shakeHands(rig, inbound!, { isResumed: kind === "resumed", seconds }),
      }),
    }),
  ),
];
