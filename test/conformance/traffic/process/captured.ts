/**
 * A client that knows nothing of a mesh: it asks services by their names, as upstream's does in the pod of echo-v1. What to ask comes to
 * its own port as JSON, and what came of it goes back: `{ url, ask }` for HTTP, `{ service, path, headers }` for gRPC.
 */
import { Agent, createServer } from "node:http";
import { type Ask, EchoSessions, send } from "../echo-client.ts";

type Order =
  | { readonly url: string; readonly ask: Ask }
  | {
      readonly service: string;
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
    };

const agent = new Agent({ keepAlive: true });
const sessions = new EchoSessions();

function follow(order: Order): Promise<unknown> {
  if (!("url" in order)) {
    const { service, path, headers } = order;
    return sessions.call({ host: service, port: 7070 }, `${service}:7070`, path, headers);
  }
  const { hostname, host, port, pathname, search } = new URL(order.url);
  const { method = "GET", headers, body = "", host: said = host } = order.ask;
  return send({
    host: hostname,
    port: Number(port === "" ? 80 : port),
    path: `${pathname}${search}`,
    method,
    headers: { host: said, ...headers },
    agent,
    body,
  });
}

createServer((request, response) => {
  let text = "";
  request.setEncoding("utf8");
  request.on("data", (piece: string) => (text += piece));
  request.once("end", () => {
    follow(JSON.parse(text) as Order).then(
      (answer) => response.end(JSON.stringify(answer)),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
}).listen(Number(process.env["PORT"]), "127.0.0.1");
