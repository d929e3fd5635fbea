/**
 * Octets. The first that comes chooses: `1` is answered at once, `=` gives back how many came once the client has ended its
 * side, anything else is given back.
 */
import { createServer } from "node:net";

const server = createServer({ allowHalfOpen: true }, (socket) => {
  socket.on("error", () => {});
  let count = 0;
  let kind = "";
  socket.on("data", (bytes: Buffer) => {
    if (count === 0) kind = String.fromCharCode(bytes[0]!);
    count += bytes.length;
    if (kind === "1") socket.write("one\n");
    else if (kind !== "=" && !socket.write(bytes)) {
      socket.pause();
      socket.once("drain", () => socket.resume());
    }
  });
  socket.once("end", () => socket.end(kind === "=" ? String(count) : ""));
});
server.listen(Number(process.env["PORT"]), "127.0.0.1");
