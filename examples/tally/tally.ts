/**
 * Counts votes. It knows nothing of heddle.
 *
 *   GET /votes/<name>  200 and the number     POST /votes/<name>  204
 */
import { createServer } from "node:http";

const votes = new Map<string, number>();

createServer((request, response) => {
  const name = /^\/votes\/([a-z0-9]+)$/.exec(request.url ?? "")?.[1];
  if (name === undefined) {
    response.writeHead(404).end();
  } else if (request.method === "GET") {
    response.end(String(votes.get(name) ?? 0));
  } else if (request.method === "POST") {
    votes.set(name, (votes.get(name) ?? 0) + 1);
    response.writeHead(204).end();
  } else response.writeHead(405, { allow: "GET, POST" }).end();
}).listen(Number(process.env["PORT"]), "127.0.0.1");
