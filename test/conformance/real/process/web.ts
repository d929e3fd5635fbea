/** HTTP/1.1: gives back bodies, upgrades to `echo`, and WebSocket by `ws`. */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { WebSocketServer } from "ws";

const sockets = new WebSocketServer({ noServer: true });
const server = createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://web");
  if (url.pathname === "/bytes") {
    response.end(Buffer.alloc(Number(url.searchParams.get("n")), "heddle "));
    return;
  }
  if (url.pathname === "/hash") {
    const hash = createHash("sha256");
    request.on("data", (bytes: Buffer) => hash.update(bytes));
    request.once("end", () => response.end(`${request.httpVersion} ${hash.digest("hex")}`));
    return;
  }
  response.setHeader("x-version", request.httpVersion);
  request.pipe(response);
});
server.on("upgrade", (request, socket: Socket, head) => {
  if (request.headers.upgrade?.toLowerCase() === "websocket") {
    sockets.handleUpgrade(request, socket, head, (peer) => {
      peer.on("message", (data, isBinary) => peer.send(data, { binary: isBinary }));
      peer.on("error", () => {});
    });
    return;
  }
  socket.on("error", () => {});
  socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n");
  socket.write(head);
  socket.pipe(socket);
});
server.listen(Number(process.env["PORT"]), "127.0.0.1");
