/**
 * The processes behind the proxies of a soak, in one program that is killed now and then: HTTP/1.1 with WebSocket, HTTP/2 and TCP,
 * all of which give back what comes. Arguments: their ports.
 */
import { createServer } from "node:http";
import { createServer as createHttp2, type ServerHttp2Stream } from "node:http2";
import { createServer as createTcp, type Socket } from "node:net";
import { WebSocketServer } from "ws";
import { pattern } from "./pattern.ts";

const [web = 0, h2 = 0, tcp = 0] = process.argv.slice(2).map(Number);
const host = "127.0.0.1";

const sockets = new WebSocketServer({ noServer: true });
const server = createServer((request, response) => {
  request.on("error", () => {});
  response.on("error", () => {});
  const asked = /^\/pattern\/(\d+)$/.exec(request.url ?? "")?.[1];
  if (asked === undefined) request.pipe(response);
  else response.end(pattern(0, Number(asked)));
});
server.on("upgrade", (request, socket: Socket, head) => {
  sockets.handleUpgrade(request, socket, head, (peer) => {
    peer.on("error", () => {});
    peer.on("message", (data, isBinary) => peer.send(data, { binary: isBinary }));
  });
});
server.listen(web, host);

const server2 = createHttp2();
server2.on("stream", (stream: ServerHttp2Stream) => {
  stream.on("error", () => {});
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.pipe(stream);
});
server2.on("session", (session) => session.on("error", () => {}));
server2.on("sessionError", () => {});
server2.listen(h2, host);

createTcp({ allowHalfOpen: true }, (socket) => {
  socket.on("error", () => {});
  socket.pipe(socket);
}).listen(tcp, host);
