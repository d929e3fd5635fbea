import type { IncomingMessage, ServerResponse } from "node:http";
import { ApiError, type Status } from "./status.ts";

/** Longest body taken, in bytes. */
const bodyBytesMax = 16 << 20;

/** The media type of JSON. */
const jsonType = "application/json";

/**
 * The whole body as JSON; null where there is none. One that says no type is taken for JSON, as Kubernetes does.
 * @throws ApiError where it is too long, of another type or no JSON.
 */
export async function readJson(request: IncomingMessage, type = jsonType): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    bytes += part.length;
    if (bytes > bodyBytesMax) {
      request.resume(); // the rest is read and forgotten: who sends all before it reads would wait for us for ever
      const message = `a body has at most ${bodyBytesMax >> 20} MiB`;
      throw new ApiError("RequestEntityTooLarge", message);
    }
    parts.push(part);
  }
  if (bytes === 0) return null;
  checkType(request, type);
  try {
    return JSON.parse(Buffer.concat(parts).toString("utf8"));
  } catch (cause) {
    throw new ApiError("BadRequest", `body is not JSON: ${(cause as Error).message}`);
  }
}

/** Throws ApiError where the body is said to be of another media type. */
function checkType(request: IncomingMessage, type: string): void {
  const given = (request.headers["content-type"] ?? jsonType).split(";")[0]!.trim().toLowerCase();
  if (given === type) return;
  const message = `the body of the request was in an unknown format - accepted media types include: ${type}`;
  throw new ApiError("UnsupportedMediaType", message);
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    "content-type": jsonType,
    "content-length": bytes.length,
    "cache-control": "no-store",
  });
  response.end(bytes);
}

export function sendText(response: ServerResponse, type: string, text: string): void {
  const bytes = Buffer.from(text);
  response.writeHead(200, {
    "content-type": type,
    "content-length": bytes.length,
    "cache-control": "no-store",
  });
  response.end(bytes);
}

export function sendStatus(response: ServerResponse, status: Status): void {
  if (response.headersSent) {
    response.destroy(); // the client sees that what it got is not whole
    return;
  }
  if (status.code === 401) response.setHeader("www-authenticate", "Bearer");
  sendJson(response, status.code, status);
}

/** A reply that goes on: one JSON object a line, until either side ends it. */
export class JsonLines {
  /** Fulfilled when the stream is over, by whomever. */
  readonly closed: Promise<void>;
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.closed = new Promise((resolve) => {
      if (response.destroyed)
        resolve(); // the client went while its request was read
      else response.once("close", () => resolve());
    });
  }

  get queuedBytes(): number {
    return this.#response.writableLength;
  }

  get isOpen(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded;
  }

  /** Fulfilled once no more than so many bytes wait for the client, or the stream is over. */
  async whenBelow(bytes: number): Promise<void> {
    while (this.isOpen && this.queuedBytes > bytes) {
      const drained = new Promise<void>((resolve) => this.#response.once("drain", () => resolve()));
      await Promise.race([drained, this.closed]);
    }
  }

  start(): void {
    if (this.#response.headersSent) return;
    this.#response.writeHead(200, {
      "content-type": jsonType,
      "cache-control": "no-store",
    });
    this.#response.flushHeaders();
  }

  write(value: unknown): void {
    this.start();
    if (this.isOpen) this.#response.write(`${JSON.stringify(value)}\n`);
  }

  end(): void {
    if (this.isOpen) this.#response.end();
  }
}
