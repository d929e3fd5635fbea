import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** What a handler says; the body is text or bytes, by default none. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** The longest body a request may have, in bytes. */
const bodyBytesMax = 16 * 1024 * 1024;

/**
 * Serves HTTP on 127.0.0.1:$PORT until SIGTERM, then finishes what it has and ends. A handler that throws answers 500.
 */
export function serve(handler: (request: IncomingMessage) => Promise<Answer>): void {
  let isEnding = false;
  const server = createServer((request, response) => {
    void answer(request, response);
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let result: Answer;
    try {
      result = await handler(request);
    } catch (error) {
      process.stderr.write(`${request.method} ${request.url}: ${(error as Error).message}\n`);
      result = { status: 500 };
    }
    if (response.destroyed) return;
    if (isEnding) response.shouldKeepAlive = false;
    const body = result.body ?? "";
    response.writeHead(result.status, {
      "content-type": "text/html; charset=utf-8",
      "content-length": Buffer.byteLength(body),
      ...result.headers,
    });
    response.end(body);
  }

  server.listen(Number(process.env["PORT"] ?? 8000), "127.0.0.1", () => {
    const address = server.address();
    const port = typeof address === "object" ? address?.port : address;
    process.stdout.write(`listening on 127.0.0.1:${port}\n`);
  });
  const end = () => {
    if (isEnding) return;
    isEnding = true;
    server.close(() => process.exit(0)); // also closes connections that wait for a request
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
}

/** All of a request's body. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > bodyBytesMax) request.destroy(new Error("the body is too long"));
    else chunks.push(chunk);
  });
  await once(request, "end");
  return Buffer.concat(chunks);
}
