/**
 * A process that says who answered: its version, which is its argument, and its workload. Where $PORT listens and the rest
 * of the environment come from heddle up; the program knows nothing else of it.
 */
import { createServer } from "node:http";

const version = process.argv[2] ?? "v1";
const workload = process.env["HEDDLE_WORKLOAD"] ?? "nobody";

const server = createServer((request, response) => {
  response.end(`${version} of hello, ${workload}, asked for ${request.url}\n`);
});
server.listen(Number(process.env["PORT"]), "127.0.0.1");
process.once("SIGTERM", () => server.close());
