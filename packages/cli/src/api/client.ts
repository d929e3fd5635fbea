import { readFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type ApiFile, verbsPath } from "@heddle/control/api/verbs.ts";
import { readHostRecord } from "@heddle/control/host/state-dir.ts";
import type { Kind } from "@heddle/mesh/resource/kind.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { exits, Fault } from "../render/fault.ts";
import { isAnswering } from "./door-client.ts";
import { type ApiStatus, StatusError } from "./status-error.ts";

/** An answer that has not begun within this is none, in ms. */
const TIMEOUT_MS = 20_000;
/** How often, and how far apart in ms, a token that is refused is read again. */
const TOKEN_ATTEMPTS = 20;
const TOKEN_WAIT_MS = 100;

export interface ApiCall {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/** The control plane's API, as one mesh's state folder says where it is. */
export class ApiClient {
  readonly #stateDir: string;
  #file: ApiFile;
  #token: string;

  private constructor(stateDir: string, { file, token }: Access) {
    this.#stateDir = stateDir;
    this.#file = file;
    this.#token = token;
  }

  /** @throws Fault where the folder says nothing of an API. */
  static open(stateDir: string): ApiClient {
    return new ApiClient(stateDir, readAccess(stateDir));
  }

  /** `127.0.0.1:40771` */
  get address(): string {
    return `${this.#file.address.host}:${this.#file.address.port}`;
  }

  /** One of heddle's own verbs. @throws StatusError, Fault. */
  async verb<Reply>(path: string, call: ApiCall = {}): Promise<Reply> {
    return (await this.#json(`${verbsPath}${path}`, call)) as Reply;
  }

  /** The resource, as stored. @throws StatusError 404. */
  async get(kind: Kind, namespace: string, name: string): Promise<Resource> {
    return (await this.#json(resourcePath(kind, namespace, name), {})) as Resource;
  }

  /** All of a kind; of all namespaces with null. */
  async list(
    kind: Kind,
    namespace: string | null,
    selector?: string,
  ): Promise<readonly Resource[]> {
    const query = { labelSelector: selector };
    const list = await this.#json(resourcePath(kind, namespace), { query });
    return (list as { items: readonly Resource[] }).items.map((item) => ({
      ...item, // items of a Kubernetes list leave these out
      apiVersion: kind.group === "" ? kind.version : `${kind.group}/${kind.version}`,
      kind: kind.kind,
    }));
  }

  /** Makes a resource that is not there yet. @param author who asks, for the revision */
  async create(kind: Kind, resource: Resource, author: string): Promise<Resource> {
    const path = resourcePath(kind, resource.metadata.namespace ?? null);
    const query = { fieldManager: author };
    return (await this.#json(path, { method: "POST", body: resource, query })) as Resource;
  }

  /** @param author who asks, for the revision */
  async delete(kind: Kind, namespace: string, name: string, author: string): Promise<void> {
    const query = { fieldManager: author };
    await this.#json(resourcePath(kind, namespace, name), { method: "DELETE", query });
  }

  /** Lines of JSON, as they come, until the other end has no more or `signal` fires. */
  async *lines(path: string, call: ApiCall = {}): AsyncGenerator<unknown> {
    const reply = await this.#send(`${verbsPath}${path}`, call);
    if ((reply.statusCode ?? 0) >= 400) throw await statusError(reply);
    reply.setEncoding("utf8");
    let text = "";
    try {
      for await (const piece of reply) {
        const lines = (text + String(piece)).split("\n");
        text = lines.pop()!;
        for (const line of lines) if (line.trim() !== "") yield JSON.parse(line);
      }
    } catch (error) {
      if (call.signal?.aborted === true) return;
      throw new Fault(
        exits.noControl,
        `the control plane went away: ${(error as Error).message}`,
        "heddle check",
      );
    }
  }

  async #json(path: string, call: ApiCall): Promise<unknown> {
    const reply = await this.#send(path, call);
    try {
      if ((reply.statusCode ?? 0) < 400) return JSON.parse(await readText(reply));
    } catch (cause) {
      const why = `it went away before it had answered (${(cause as Error).message})`;
      throw Object.assign(notRunning(this.#stateDir, why), { cause });
    }
    throw await statusError(reply);
  }

  /** Asks. A control plane that has just restarted has another token, which it publishes once it serves. */
  async #send(path: string, call: ApiCall): Promise<IncomingMessage> {
    for (let attempt = 1; ; attempt++) {
      const reply = await this.#sendOnce(path, call);
      if (reply.statusCode !== 401 || attempt === TOKEN_ATTEMPTS) return reply;
      reply.resume();
      await setTimeout(TOKEN_WAIT_MS);
      const { file, token } = readAccess(this.#stateDir);
      this.#file = file;
      this.#token = token;
    }
  }

  #sendOnce(path: string, call: ApiCall): Promise<IncomingMessage> {
    const { method = "GET", body, query = {}, signal } = call;
    const given = Object.entries(query).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    const search = given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
    const { host, port } = this.#file.address;
    return new Promise((resolve, reject) => {
      const sent = request({
        host,
        port,
        method,
        path: path + search,
        agent: false,
        headers: {
          authorization: `Bearer ${this.#token}`,
          accept: "application/json",
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(signal === undefined ? {} : { signal }),
      });
      sent.setTimeout(TIMEOUT_MS, () =>
        sent.destroy(new Error(`no answer in ${TIMEOUT_MS / 1000} s`)),
      );
      sent.once("response", (reply) => {
        sent.setTimeout(0);
        resolve(reply);
      });
      sent.once("error", (cause) => {
        const { code, message } = cause as NodeJS.ErrnoException;
        const how = code === "ECONNREFUSED" ? "connection refused" : message;
        const why = `nothing answers at ${this.address} (${how})`;
        unreachable(this.#stateDir, why).then((fault) => reject(Object.assign(fault, { cause })));
      });
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

/** The process that published `api.json`; null where none has, or where the file is not whole. */
export function readApiPid(stateDir: string): number | null {
  try {
    return (JSON.parse(readFileSync(join(stateDir, "api.json"), "utf8")) as ApiFile).pid;
  } catch {
    return null;
  }
}

interface Access {
  readonly file: ApiFile;
  readonly token: string;
}

function readAccess(stateDir: string): Access {
  try {
    const file = JSON.parse(readFileSync(join(stateDir, "api.json"), "utf8")) as ApiFile;
    return { file, token: readFileSync(file.tokenFile, "utf8").trim() };
  } catch (cause) {
    throw Object.assign(notRunning(stateDir, "it has no api.json"), { cause });
  }
}

function resourcePath(kind: Kind, namespace: string | null, name?: string): string {
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const place =
    kind.isNamespaced && namespace !== null ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  const end = name === undefined ? "" : `/${encodeURIComponent(name)}`;
  return `${root}${place}/${kind.plural}${end}`;
}

/** With a supervisor, `up` is no help: it starts the control plane again and again, and its log says why it must. */
async function unreachable(stateDir: string, why: string): Promise<Fault> {
  const door = readHostRecord(stateDir)?.door;
  if (door === undefined || !(await isAnswering(door))) return notRunning(stateDir, why);
  return new Fault(
    exits.noControl,
    `the mesh in ${stateDir} runs, but not its control plane: ${why}`,
    "heddle logs control",
    "heddle check",
  );
}

function notRunning(stateDir: string, why: string): Fault {
  const file = readHostRecord(stateDir)?.files[0] ?? "<mesh.yaml>";
  return new Fault(
    exits.noControl,
    `no control plane for the mesh in ${stateDir}: ${why}`,
    `heddle up ${file}`,
    "heddle check",
  );
}

async function statusError(reply: IncomingMessage): Promise<Error> {
  const text = await readText(reply);
  try {
    return new StatusError(JSON.parse(text) as ApiStatus);
  } catch {
    return new Error(`the API answered ${reply.statusCode}: ${text.slice(0, 500)}`);
  }
}

async function readText(reply: IncomingMessage): Promise<string> {
  reply.setEncoding("utf8");
  let text = "";
  for await (const piece of reply) text += String(piece);
  return text;
}
