/** Speaks first, as an SMTP server does, then gives back line after line. */
import { createServer } from "node:net";

const server = createServer((socket) => {
  socket.on("error", () => {});
  socket.write("220 heddle.test ESMTP\r\n");
  socket.pipe(socket);
});
server.listen(Number(process.env["PORT"]), "127.0.0.1");
