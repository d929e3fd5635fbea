import { randomBytes, randomUUID } from "node:crypto";
import { request } from "node:http";
import { silentLog } from "@heddle/mesh/base/log.ts";
import { Facts } from "../src/api/facts.ts";
import { isIntent } from "../src/api/is-intent.ts";
import { Resources } from "../src/api/resources.ts";
import { ApiServer } from "../src/api/server.ts";
import { IntentLog } from "../src/revision/intent-log.ts";
import { Journal } from "../src/store/journal.ts";
import { MemoryStore } from "../src/store/memory.ts";
import { Orphans } from "../src/watch/orphans.ts";
import { Plane } from "./plane.ts";

export interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many kinds
  readonly body: any;
}

/** An API over a plane, and a client of it. */
export class Api {
  readonly plane: Plane;
  readonly server: ApiServer;
  readonly token: string;

  private constructor(plane: Plane, server: ApiServer, token: string) {
    this.plane = plane;
    this.server = server;
    this.token = token;
  }

  static async open(): Promise<Api> {
    const store = new MemoryStore("epoch", new Journal(0, 0, 50));
    const plane = await Plane.open({ store });
    const { clock, controller, door } = plane;
    const intent = await IntentLog.open(store, clock, isIntent);
    plane.revision = () => intent.revision;
    const orphans = new Orphans(controller.objects, intent, silentLog);
    plane.onSettled(() => orphans.onSettled());
    const newUid = () => randomUUID();
    const token = randomBytes(16).toString("hex");
    const about = {
      version: "0.0.0",
      epoch: store.epoch,
      startedWallMs: 0,
      rootFingerprint: plane.authority.fingerprint,
      isRootNew: true,
      rootExpiresWallMs: 0,
    };
    const server = await ApiServer.open({
      context: {
        store,
        clock,
        intent,
        controller,
        door,
        newUid,
        recordings: plane.recordings,
        status: plane.status,
        events: plane.events,
        log: silentLog,
        resources: new Resources({ store, intent, clock, newUid }),
        facts: new Facts({ controller, door, clock, about }),
        onSettled: (callback) => plane.onSettled(callback),
      },
      token,
      version: "0.0.0",
      log: silentLog,
      listen: null,
    });
    return new Api(plane, server, token);
  }

  get(path: string): Promise<Reply> {
    return this.call("GET", path);
  }

  async call(method: string, path: string, body?: unknown, headers: object = {}): Promise<Reply> {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const text = body === undefined ? "" : JSON.stringify(body);
    const all = {
      authorization: `Bearer ${this.token}`,
      "content-type": type,
      "content-length": Buffer.byteLength(text),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const port = this.server.port;
      const sent = request({ host: "127.0.0.1", port, method, path, headers: all }, (reply) => {
        let got = "";
        reply.setEncoding("utf8").on("data", (part) => (got += part));
        reply.on("end", () =>
          resolve({ status: reply.statusCode!, body: got === "" ? null : JSON.parse(got) }),
        );
      });
      sent.on("error", reject).end(text);
    });
  }

  /** A page that is no JSON. */
  async text(path: string): Promise<string> {
    const headers = { authorization: `Bearer ${this.token}` };
    return (await fetch(`http://127.0.0.1:${this.server.port}${path}`, { headers })).text();
  }

  /** Opens a stream of JSON lines. */
  stream(method: string, path: string, body?: unknown): LineStream {
    return new LineStream(this.server.port, this.token, method, path, body);
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.plane.close();
  }
}

/** A reply that goes on, line by line. */
export class LineStream {
  readonly #sent: ReturnType<typeof request>;
  readonly #lines: unknown[] = [];
  #wake: (() => void) | null = null;
  #isOver = false;

  constructor(port: number, token: string, method: string, path: string, body: unknown) {
    const headers = { authorization: `Bearer ${token}` };
    this.#sent = request({ host: "127.0.0.1", port, method, path, headers }, (reply) => {
      let rest = "";
      reply.setEncoding("utf8").on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        this.#lines.push(...lines.map((line) => JSON.parse(line)));
        this.#wake?.();
      });
      reply.on("close", () => {
        this.#isOver = true;
        this.#wake?.();
      });
    });
    this.#sent.on("error", () => {});
    this.#sent.end(body === undefined ? undefined : JSON.stringify(body));
  }

  /** The next line; null when there is no more. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many kinds
  async next(): Promise<any> {
    while (this.#lines.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#lines.shift() ?? null;
  }

  close(): void {
    this.#sent.destroy();
  }
}
