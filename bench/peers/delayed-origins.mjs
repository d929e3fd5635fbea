// Several HTTP/1.1 servers in one process, each of which answers after its own time.
//   delayed-origins.mjs <first port> <ms> <ms> …
import { createServer } from "node:http";

const [first, ...delays] = process.argv.slice(2).map(Number);
for (const [index, delay] of delays.entries()) {
  const server = createServer((_request, response) => {
    setTimeout(() => response.end("ok"), delay);
  });
  server.keepAliveTimeout = 60_000;
  server.listen(first + index, "127.0.0.1");
}
