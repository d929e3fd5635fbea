/** TLS that is the process's own: gives back what comes, and says its server name first. Arguments: key, certificate. */
import { readFileSync } from "node:fs";
import { createServer } from "node:tls";

const [, , key = "", cert = ""] = process.argv;
const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (socket) => {
  socket.on("error", () => {});
  socket.write(`${socket.servername}\n`);
  socket.pipe(socket);
});
server.on("tlsClientError", () => {});
server.listen(Number(process.env["PORT"]), "127.0.0.1");
