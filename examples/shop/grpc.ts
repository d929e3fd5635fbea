/**
 * Calls of gRPC with one message each way, by node:http2 alone, so that this example needs no package: a message is JSON with five octets
 * before it, and the status comes in trailers (gRPC over HTTP/2).
 */
import { connect, createServer } from "node:http2";

export type Method = (message: unknown) => { readonly status: number; readonly reply: unknown };

/** Serves methods by their paths, `/shop.Payments/Pay`, on $PORT until SIGTERM. */
export function serveCalls(methods: Readonly<Record<string, Method>>): void {
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.once("end", () => {
      const method = methods[request.url];
      const { status, reply } = method?.(unframe(Buffer.concat(pieces))) ?? {
        status: 12, // UNIMPLEMENTED
        reply: null,
      };
      response.setHeader("content-type", "application/grpc+json");
      response.addTrailers({ "grpc-status": String(status) });
      response.end(status === 0 ? frame(reply) : "");
    });
  });
  server.listen(Number(process.env["PORT"]), "127.0.0.1");
  process.once("SIGTERM", () => server.close());
}

/** One call. Its status, and its reply where that is 0. */
export function call(
  url: string,
  path: string,
  message: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly reply: unknown }> {
  return new Promise((resolve, reject) => {
    const session = connect(url);
    session.once("error", reject);
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc+json",
      te: "trailers",
      ...headers,
    });
    const pieces: Buffer[] = [];
    let status = 2; // UNKNOWN, until it is said
    const listen = (head: Readonly<Record<string, unknown>>): void => {
      if (head["grpc-status"] !== undefined) status = Number(head["grpc-status"]);
    };
    stream.once("response", listen);
    stream.once("trailers", listen);
    stream.on("data", (piece: Buffer) => pieces.push(piece));
    stream.once("error", reject);
    stream.once("close", () => {
      session.close();
      resolve({ status, reply: status === 0 ? unframe(Buffer.concat(pieces)) : null });
    });
    stream.end(frame(message));
  });
}

function frame(message: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(text.length, 1);
  return Buffer.concat([head, text]);
}

function unframe(bytes: Buffer): unknown {
  return bytes.length > 5 ? JSON.parse(bytes.toString("utf8", 5)) : null;
}
