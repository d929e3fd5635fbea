import { createServer as createHttp2, type Http2Session } from "node:http2";
import { createServer, type Socket } from "node:net";
import { listen } from "../../support/ports.ts";
import type { Rig } from "../rig/rig.ts";

/** What has reached a process. */
export interface Arrivals {
  /** Request lines, or methods and paths, of requests whose head came. */
  readonly heads: readonly string[];
  /** How many of them came whole. */
  readonly whole: number;
  /** Octets that are no request. */
  readonly rest: string;
}

/** A process behind the mesh that counts what reaches it. */
export interface RecordingOrigin {
  readonly port: number;
  /** Forgets what came so far, and lets go of all connections. */
  reset(): void;
  arrivals(): Arrivals;
}

/** What the HTTP/1 origin says to a request with this path; null: the usual reply. */
export type Script = (path: string, socket: Socket) => string | null;

const usual = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** Reads HTTP/1.1 to the letter, so that it sees what any reader must see; answers each whole request. */
export async function startHttp1Origin(rig: Rig, script: Script): Promise<RecordingOrigin> {
  const readers = new Set<Http1Reader>();
  const server = createServer((socket) => {
    const reader = new Http1Reader(socket, script);
    readers.add(reader);
    socket.on("error", () => {});
  });
  const port = await listen(server);
  const reset = (): void => {
    for (const { socket } of readers) socket.destroy();
    readers.clear();
  };
  rig.onClose(() => {
    reset();
    server.close();
  });
  return {
    port,
    reset,
    arrivals: () => {
      const all = [...readers];
      return {
        heads: all.flatMap(({ heads }) => heads),
        whole: all.reduce((sum, { whole }) => sum + whole, 0),
        rest: all.map(({ rest }) => rest).join(""),
      };
    },
  };
}

class Http1Reader {
  readonly socket: Socket;
  readonly heads: string[] = [];
  whole = 0;
  rest = "";
  readonly #script: Script;

  constructor(socket: Socket, script: Script) {
    this.socket = socket;
    this.#script = script;
    socket.on("data", (bytes: Buffer) => {
      this.rest += bytes.toString("latin1");
      while (this.#readOne()) {}
    });
  }

  /** How much of the open request's body is still to come, or null where no request is open. */
  #open: { readonly path: string; readonly length: number | "chunked" } | null = null;

  #readOne(): boolean {
    if (this.#open === null) {
      const end = this.rest.indexOf("\r\n\r\n");
      if (end < 0) return false;
      const [line = "", ...fields] = this.rest.slice(0, end).split("\r\n");
      this.rest = this.rest.slice(end + 4);
      this.heads.push(line);
      const lengths = fields.filter((field) => /^content-length:/i.test(field));
      const isChunked = fields.some((field) => /^transfer-encoding:\s*chunked\s*$/i.test(field));
      const length = isChunked ? "chunked" : Number(lengths[0]?.split(":")[1]?.trim() ?? 0);
      const path = line.split(" ")[1] ?? "";
      this.#open = { path, length };
      if (path.startsWith("/early")) this.socket.write(this.#script(path, this.socket) ?? usual);
    }
    const { path, length } = this.#open;
    const bodyEnd = length === "chunked" ? endOfChunks(this.rest) : length;
    if (bodyEnd < 0 || this.rest.length < bodyEnd) return false;
    this.rest = this.rest.slice(bodyEnd);
    this.#open = null;
    this.whole++;
    if (!path.startsWith("/early"))
      this.socket.write(this.#script(path, this.socket) ?? usual, "latin1");
    return true;
  }
}

/** Where a chunked body that starts `text` ends, or -1 while it does not. */
function endOfChunks(text: string): number {
  let at = 0;
  for (;;) {
    const line = /^([0-9a-f]+)\r\n/i.exec(text.slice(at, at + 20));
    if (line === null) return -1;
    at += line[0].length;
    const size = Number.parseInt(line[1]!, 16);
    if (size === 0) {
      const end = text.startsWith("\r\n", at) ? at : text.indexOf("\r\n\r\n", at);
      if (end < 0) return -1;
      return end === at ? at + 2 : end + 4;
    }
    at += size + 2;
    if (at > text.length) return -1;
  }
}

/** An HTTP/2 process, by nghttp2. */
export async function startHttp2Origin(rig: Rig): Promise<RecordingOrigin> {
  let heads: string[] = [];
  let whole = 0;
  const sessions = new Set<Http2Session>();
  const server = createHttp2((request, response) => {
    heads.push(`${request.method} ${request.url}`);
    request.on("error", () => {});
    response.on("error", () => {});
    let isAborted = false;
    request.once("aborted", () => {
      isAborted = true;
    });
    request.resume().once("end", () => {
      if (!isAborted) whole++;
      response.end("ok");
    });
  });
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => {});
    session.once("close", () => sessions.delete(session));
  });
  server.on("sessionError", () => {});
  const port = await listen(server);
  const reset = (): void => {
    for (const session of sessions) session.destroy();
    heads = [];
    whole = 0;
  };
  rig.onClose(() => {
    reset();
    server.close();
  });
  return { port, reset, arrivals: () => ({ heads, whole, rest: "" }) };
}
