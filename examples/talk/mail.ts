/** A server that speaks first: it greets whoever comes, answers each line, and ends on QUIT. It knows nothing of heddle. */
import { createServer } from "node:net";
import { createInterface } from "node:readline";

const workload = process.env["HEDDLE_WORKLOAD"] ?? "nobody";

const server = createServer((socket) => {
  socket.on("error", () => socket.destroy());
  socket.write(`220 ${workload} is ready\r\n`);
  createInterface({ input: socket }).on("line", (line) => {
    if (line === "QUIT") socket.end("221 bye\r\n");
    else socket.write(`250 ${line}\r\n`);
  });
});
server.listen(Number(process.env["PORT"]), "127.0.0.1");
process.once("SIGTERM", () => server.close());
