/** A server of HTTP/1.1 that becomes one of WebSocket where it is asked to (RFC 6455), and says back each short text. */
import { createHash } from "node:crypto";
import { createServer } from "node:http";

const server = createServer((_, response) => response.end("this is a chat\n"));

server.on("upgrade", (request, socket) => {
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(key).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.on("error", () => socket.destroy());
  // One frame at a time, below 126 octets, is all that this example is sent (§5.2).
  socket.on("data", (frame: Buffer) => {
    const length = frame[1]! & 0x7f;
    const mask = frame.subarray(2, 6);
    const payload = frame.subarray(6, 6 + length).map((octet, index) => octet ^ mask[index % 4]!);
    const isClose = (frame[0]! & 0xf) === 8;
    const answer = isClose ? payload : Buffer.concat([Buffer.from("you said: "), payload]);
    socket.write(Buffer.concat([Buffer.from([frame[0]!, answer.length]), answer]));
    if (isClose) socket.end();
  });
});
server.listen(Number(process.env["PORT"]), "127.0.0.1");
process.once("SIGTERM", () => server.close());
