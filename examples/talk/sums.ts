/**
 * A server of HTTP/2 without TLS (h2c), which HTTP/1.1 callers do not reach by themselves. `/add/2/3` gives 5; asked as gRPC
 * is, it answers as gRPC does, with a status in trailers: 3, invalid argument, where there is nothing to add.
 */
import { createServer } from "node:http2";

const server = createServer((request, response) => {
  const numbers = request.url.split("/").slice(2).map(Number);
  const isSum = request.url.startsWith("/add/") && numbers.every(Number.isFinite);
  const sum = numbers.reduce((total, one) => total + one, 0);
  if (request.headers["content-type"]?.startsWith("application/grpc")) {
    response.setHeader("content-type", "application/grpc");
    response.addTrailers({ "grpc-status": isSum ? "0" : "3" });
  } else if (!isSum) response.statusCode = 404;
  response.end(isSum ? `${sum}, in HTTP/${request.httpVersion}\n` : "");
});
server.listen(Number(process.env["PORT"]), "127.0.0.1");
process.once("SIGTERM", () => server.close());
