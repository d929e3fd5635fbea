/**
 * An echo server of the shape that the suite of the Gateway API has: HTTP, HTTPS, TCP and gRPC, each answer with the request as it
 * came and the name of who answers. Arguments: key and certificate of HTTPS. What a request may ask for, in its query:
 *
 *   delay=500          answers so many ms later
 *   codes=500:1,200:3  answers these statuses in turn, each as often as its weight
 *   headers=a:b,c:d    fields of the answer
 *   key=K              counts the requests with this key, GET /_seen?key=K tells them
 *   first=2:500        the first two of a key get 500; `2:reset` resets their connection, `2:slow300` answers them 300 ms later
 *
 * GET /_ready?is=false makes the readiness probe fail, /_ready tells; both are asked of the process itself.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { createServer as createTcpServer } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Metadata, Server, ServerCredentials, type ServerUnaryCall } from "@grpc/grpc-js";
import { decodeMessage, type Echoed, encodeMessage, grpcServices } from "../echo-shape.ts";

const [, , key = "", cert = ""] = process.argv;
const [hostname = "", namespace = ""] = (process.env["HEDDLE_WORKLOAD"] ?? "").split(".");
const seen = new Map<string, Echoed[]>();
const turns = new Map<string, number>();
let isReady = true;

function onRequest(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "http://echo");
  if (url.pathname === "/_seen") {
    response.end(JSON.stringify(seen.get(url.searchParams.get("key") ?? "") ?? []));
    return;
  }
  if (url.pathname === "/_ready") {
    const is = url.searchParams.get("is");
    if (is !== null) isReady = is === "true";
    response.writeHead(isReady ? 200 : 503).end();
    return;
  }
  const length: { octets: number } = { octets: 0 };
  request.on("data", (bytes: Buffer) => {
    length.octets += bytes.length;
  });
  request.once("end", () => answer(request, url, length.octets, response));
}

function answer(
  request: IncomingMessage,
  url: URL,
  bodyOctets: number,
  response: ServerResponse,
): void {
  const socket = request.socket as Partial<TLSSocket>;
  const echoed: Echoed = {
    hostname,
    namespace,
    method: request.method ?? "",
    path: request.url ?? "",
    host: request.headers.host ?? "",
    headers: joined(request),
    bodyOctets,
    serverName: typeof socket.servername === "string" ? socket.servername : null,
  };
  const wish = url.searchParams;
  const name = wish.get("key");
  const count = name === null ? 0 : remember(name, echoed);
  const first = /^(\d+):(reset|slow\d+|\d+)$/.exec(wish.get("first") ?? "");
  const special = first !== null && count <= Number(first[1]) ? first[2]! : null;
  if (special === "reset") {
    request.socket.resetAndDestroy();
    return;
  }
  const fields = pairs(wish.get("headers"));
  const status = /^\d+$/.test(special ?? "") ? Number(special) : statusOf(wish.get("codes"));
  const slowMs = special?.startsWith("slow") === true ? Number(special.slice(4)) : 0;
  setTimeout(
    () => {
      response.writeHead(status, { "content-type": "application/json", ...fields });
      response.end(JSON.stringify(echoed));
    },
    Number(wish.get("delay") ?? 0) + slowMs,
  );
}

/** How many there have been with this key, this one included. */
function remember(name: string, echoed: Echoed): number {
  const list = seen.get(name) ?? [];
  list.push(echoed);
  seen.set(name, list);
  return list.length;
}

function statusOf(codes: string | null): number {
  if (codes === null) return 200;
  const each = codes.split(",").flatMap((part) => {
    const [code = "200", weight = "1"] = part.split(":");
    return Array<number>(Number(weight)).fill(Number(code));
  });
  const turn = turns.get(codes) ?? 0;
  turns.set(codes, turn + 1);
  return each[turn % each.length]!;
}

function pairs(text: string | null): Record<string, string> {
  if (text === null) return {};
  return Object.fromEntries(text.split(",").map((part) => part.split(/:(.*)/, 2)));
}

/** Fields as they came, those of one name joined. */
function joined(request: IncomingMessage): Record<string, string> {
  const distinct = Object.entries(request.headersDistinct);
  return Object.fromEntries(distinct.map(([name, values]) => [name, (values ?? []).join(",")]));
}

const server = createServer(onRequest);
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env["PORT_HTTP"]), "127.0.0.1");
const secure = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, onRequest);
secure.on("tlsClientError", () => {});
secure.listen(Number(process.env["PORT_HTTPS"]), "127.0.0.1");

createTcpServer((socket) => {
  socket.on("error", () => {});
  socket.write(`${hostname}\n`);
  socket.pipe(socket);
}).listen(Number(process.env["PORT_TCP"]), "127.0.0.1");

type Call = ServerUnaryCall<string, string>;
type Reply = (error: Error | null, message?: string, trailers?: Metadata) => void;
const grpc = new Server();
for (const [service, methods] of Object.entries(grpcServices)) {
  const definition = methods.map((method) => [
    method,
    {
      path: `/${service}/${method}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: encodeMessage,
      requestDeserialize: decodeMessage,
      responseSerialize: encodeMessage,
      responseDeserialize: decodeMessage,
    },
  ]);
  const implementation = methods.map((method) => [
    method,
    (call: Call, reply: Reply) => {
      const headers = Object.fromEntries(
        Object.keys(call.metadata.getMap()).map((name) => [
          name,
          call.metadata.get(name).join(","),
        ]),
      );
      const echoed: Echoed = {
        hostname,
        namespace,
        method: "POST",
        path: `/${service}/${method}`,
        host: call.getHost(),
        headers,
        bodyOctets: call.request.length,
        serverName: null,
      };
      if (headers["x-key"] !== undefined) remember(headers["x-key"], echoed);
      reply(null, JSON.stringify(echoed));
    },
  ]);
  grpc.addService(Object.fromEntries(definition), Object.fromEntries(implementation));
}
grpc.bindAsync(
  `127.0.0.1:${process.env["PORT_GRPC"]}`,
  ServerCredentials.createInsecure(),
  (error) => {
    if (error !== null) throw error;
  },
);
