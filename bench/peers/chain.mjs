// Two processes that ask the next of a chain for each request, and a leaf that fails or does not, in one program.
// node chain.mjs <port of a> <proxy that a asks> <port of b> <proxy that b asks> <port of the leaf> <port of the control>
import { Agent, createServer, request } from "node:http";

const [a, fromA, b, fromB, leaf, control] = process.argv.slice(2).map(Number);
const counts = { a: 0, b: 0, leaf: 0 };
let leafStatus = 200;

const answer = (reply, status) => {
  reply.writeHead(status, { "content-length": "0" });
  reply.end();
};

function asks(name, port, proxy) {
  const agent = new Agent({ keepAlive: true });
  const listener = (_, reply) => {
    counts[name]++;
    const next = request({ port: proxy, host: "127.0.0.1", path: "/", agent }, (got) => {
      got.resume();
      got.on("end", () => answer(reply, got.statusCode));
    });
    next.on("error", () => answer(reply, 502));
    next.end();
  };
  createServer(listener).listen(port, "127.0.0.1");
}

asks("a", a, fromA);
asks("b", b, fromB);
createServer((_, reply) => {
  counts.leaf++;
  answer(reply, leafStatus);
}).listen(leaf, "127.0.0.1");
createServer((asked, reply) => {
  if (asked.url === "/fail") leafStatus = 503;
  if (asked.url === "/well") leafStatus = 200;
  reply.end(JSON.stringify(counts));
}).listen(control, "127.0.0.1");
