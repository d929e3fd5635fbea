import { Agent, type IncomingMessage, request } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { request as requestTls } from "node:https";
import { connect } from "node:net";
import type { Guest } from "../../../packages/cli/src/api/guest.ts";
import { decodeMessage, type Echoed, encodeMessage } from "./echo-shape.ts";

/** No answer for so long is a failure, in ms. */
const answerMs = 10_000;
/** Requests of a batch at a time, as upstream's client has them. */
const parallel = 20;

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Asks at the caller's own listener for the service and not by `HTTP_PROXY`, with this Host. */
  readonly host?: string;
}

export interface Answer {
  readonly status: number;
  /** Those of one name joined. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What the echo server says it got; null where somebody else answered. */
  readonly echo: Echoed | null;
}

export interface CallAnswer {
  readonly grpcStatus: number;
  readonly message: string;
  readonly echo: Echoed | null;
}

/** A caller in the mesh. */
export interface Caller {
  /** Asks `http://service[.namespace][:port]/path`; redirects are not followed. */
  ask(url: string, ask?: Ask): Promise<Answer>;
  /** One call of gRPC at `service`'s port 7070; all on one connection. */
  call(
    service: string,
    path: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<CallAnswer>;
}

/** Does something `count` times, twenty at a time, as upstream's client does. */
export async function batch(count: number, once: () => Promise<void>): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await once();
  };
  await Promise.all(Array.from({ length: Math.min(parallel, count) }, lane));
}

/** A workload with a proxy and an identity, in whose name this process asks. */
export class EchoClient implements Caller {
  readonly #guest: Guest;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: parallel });
  readonly #sessions = new EchoSessions();

  constructor(guest: Guest) {
    this.#guest = guest;
  }

  ask(url: string, ask: Ask = {}): Promise<Answer> {
    const { hostname, host, pathname, search, port } = new URL(url);
    const way =
      ask.host === undefined
        ? { ...this.#proxy(), path: url }
        : {
            host: "127.0.0.1",
            port: this.portOf(hostname, port === "" ? "http" : portNames[port]!),
            path: `${pathname}${search}`,
          };
    return send({
      ...way,
      agent: this.#agent,
      method: ask.method ?? "GET",
      headers: { host: ask.host ?? host, ...ask.headers },
      body: ask.body ?? "",
    });
  }

  call(
    service: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<CallAnswer> {
    const port = this.portOf(service, "grpc");
    return this.#sessions.call({ host: "127.0.0.1", port }, `${service}:7070`, path, headers);
  }

  /** Opens a connection of octets to a service's port and gives what comes first; "" where it is closed before. */
  talk(service: string, port: string): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect(this.portOf(service, port), "127.0.0.1");
      let text = "";
      socket.setTimeout(answerMs, () => socket.destroy());
      socket.on("data", (bytes: Buffer) => {
        text += String(bytes);
        if (text.includes("\n")) socket.destroy();
      });
      socket.on("error", () => {});
      socket.once("close", () => resolve(text.trim()));
    });
  }

  /** Asks over TLS to this server name at a service's port 443; null where the connection is closed. */
  async askTls(service: string, servername: string): Promise<Echoed | null> {
    const options = { host: "127.0.0.1", port: this.portOf(service, "https"), servername };
    return new Promise((resolve) => {
      const asking = requestTls(
        { ...options, path: "/", agent: false, rejectUnauthorized: false },
        (reply) => {
          let text = "";
          reply.setEncoding("utf8");
          reply.on("data", (piece: string) => (text += piece));
          reply.once("error", () => resolve(null));
          reply.once("end", () => resolve(echoedIn(text)));
        },
      );
      asking.setTimeout(answerMs, () => asking.destroy());
      asking.once("error", () => resolve(null));
      asking.end();
    });
  }

  /** Where this caller's own listener for a named port of a service of its namespace is. */
  portOf(service: string, port: string): number {
    const word = (name: string) => name.toUpperCase().replaceAll("-", "_");
    const name = `${word(service)}_SERVICE_PORT_${word(port)}`;
    const found = this.#guest.grant.env[name];
    if (found === undefined) throw new Error(`the caller was not given ${name}`);
    return Number(found);
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    this.#sessions.close();
    await this.#guest.close();
  }

  #proxy(): { readonly host: string; readonly port: number } {
    const { hostname, port } = new URL(this.#guest.grant.env["HTTP_PROXY"] ?? "");
    return { host: hostname, port: Number(port) };
  }
}

/** Connections of HTTP/2 for calls of gRPC: one to each address. */
export class EchoSessions {
  readonly #open = new Map<string, ClientHttp2Session>();

  call(
    at: { readonly host: string; readonly port: number },
    authority: string,
    path: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<CallAnswer> {
    return new Promise((resolve, reject) => {
      const stream = this.#session(`http://${at.host}:${at.port}`).request({
        ":method": "POST",
        ":path": path,
        ":scheme": "http",
        ":authority": authority,
        "content-type": "application/grpc",
        te: "trailers",
        ...headers,
      });
      stream.setTimeout(answerMs, () => stream.close());
      const pieces: Buffer[] = [];
      let last: Readonly<Record<string, unknown>> = {};
      stream.once("response", (head) => {
        last = head;
      });
      stream.once("trailers", (trailers) => {
        last = trailers;
      });
      stream.on("data", (bytes: Buffer) => pieces.push(bytes));
      stream.once("error", reject);
      stream.once("close", () => {
        const bytes = Buffer.concat(pieces);
        resolve({
          grpcStatus: Number(last["grpc-status"] ?? -1),
          message: String(last["grpc-message"] ?? ""),
          echo: bytes.length > 5 ? echoedIn(decodeMessage(bytes.subarray(5))) : null,
        });
      });
      const message = encodeMessage("hello");
      const frame = Buffer.alloc(5);
      frame.writeUInt32BE(message.length, 1);
      stream.end(Buffer.concat([frame, message]));
    });
  }

  close(): void {
    for (const session of this.#open.values()) session.destroy();
  }

  #session(address: string): ClientHttp2Session {
    const known = this.#open.get(address);
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const session = connectHttp2(address);
    session.on("error", () => {});
    this.#open.set(address, session);
    return session;
  }
}

/** Names of the ports of upstream's Services. */
const portNames: Readonly<Record<string, string>> = {
  80: "http",
  8080: "http-alt",
  443: "https",
  9090: "tcp",
  7070: "grpc",
};

/** One request of HTTP/1.1, and its whole answer. */
export function send(options: {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent?: Agent;
  readonly body: string;
}): Promise<Answer> {
  const { body, ...rest } = options;
  return new Promise((resolve, reject) => {
    const asking = request(rest, (reply: IncomingMessage) => {
      let text = "";
      reply.setEncoding("utf8");
      reply.on("data", (piece: string) => (text += piece));
      reply.once("error", reject);
      reply.once("end", () => {
        const headers = Object.fromEntries(
          Object.entries(reply.headersDistinct).map(([name, all]) => [name, (all ?? []).join(",")]),
        );
        resolve({ status: reply.statusCode ?? 0, headers, body: text, echo: echoedIn(text) });
      });
    });
    asking.setTimeout(answerMs, () => asking.destroy(new Error(`no answer for ${answerMs} ms`)));
    asking.once("error", reject);
    asking.end(body);
  });
}

function echoedIn(text: string): Echoed | null {
  if (!text.startsWith('{"hostname"')) return null;
  return JSON.parse(text) as Echoed;
}
