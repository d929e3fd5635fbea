import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Log } from "@heddle/mesh/base/log.ts";
import { metricsMediaTypes } from "@heddle/mesh/telemetry/metrics-text.ts";
import { NotCommittedError } from "../store/store.ts";
import { sendJson, sendStatus, sendText } from "./http.ts";
import { metricsPage } from "./metrics.ts";
import { parseApiPath } from "./paths.ts";
import { type ResourceContext, serveResource } from "./resource-api.ts";
import { ApiError } from "./status.ts";
import { serveVerb, type VerbContext } from "./verb-api.ts";

export interface ApiServerOptions {
  readonly context: ResourceContext & VerbContext;
  /** What a client must present. */
  readonly token: string;
  readonly version: string;
  readonly log: Log;
  /** A listening handle passed by the supervisor, or a free port of 127.0.0.1. */
  readonly listen: { readonly handle: unknown } | null;
}

/**
 * The embedded API: Kubernetes' conventions for resources, heddle's verbs beside them. On loopback only; a bearer token
 * says that a client is ours, and the checks of Host and Origin that it is no web page that was talked into calling.
 */
export class ApiServer {
  readonly #options: ApiServerOptions;
  readonly #server: Server;

  private constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      void this.#serve(request, response);
    });
    this.#server.keepAliveTimeout = 30_000;
    this.#server.requestTimeout = 60_000;
  }

  static async open(options: ApiServerOptions): Promise<ApiServer> {
    const api = new ApiServer(options);
    await new Promise<void>((resolve, reject) => {
      api.#server.once("error", reject);
      const done = () => resolve();
      if (options.listen === null) api.#server.listen(0, "127.0.0.1", done);
      else api.#server.listen(options.listen.handle as never, done);
    });
    return api;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response);
    } catch (error) {
      if (error instanceof ApiError) {
        sendStatus(response, error.status);
        return;
      }
      const { log } = this.#options;
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log.error({ cause, method: request.method, url: request.url }, "request failed");
      const message =
        error instanceof NotCommittedError
          ? error.message
          : "internal error; the control plane's log tells more";
      sendStatus(response, new ApiError("InternalError", message).status);
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    checkOrigin(request, this.port);
    const url = parseUrl(request.url ?? "/");
    const path = url.pathname;
    if (path === "/livez" || path === "/readyz" || path === "/healthz") {
      sendJson(response, 200, { status: "ok" });
      return;
    }
    checkToken(request, this.#options.token);
    const segments = path.split("/").slice(1).map(decode);
    if (path === "/version") {
      sendJson(response, 200, versionOf(this.#options.version));
      return;
    }
    const { context } = this.#options;
    if (path === "/metrics") {
      sendText(response, metricsMediaTypes.prometheus, metricsPage(context));
      return;
    }
    if (segments[0] === "heddle" && segments[1] === "v1") {
      await serveVerb(segments.slice(2), url.searchParams, context, request, response);
      return;
    }
    const found = parseApiPath(segments.filter((segment) => segment !== ""));
    if (found === null)
      throw new ApiError("NotFound", "the server could not find the requested resource");
    if (found.about === "resource") {
      await serveResource(found, url.searchParams, context, request, response);
    } else if (request.method === "GET") sendJson(response, 200, found.document);
    else throw new ApiError("MethodNotAllowed", `${request.method} is not for discovery`);
  }
}

/** A page from elsewhere, or a name that was made to lead here (DNS rebinding), is not our client. */
function checkOrigin(request: IncomingMessage, port: number): void {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
  const { host = "", origin } = request.headers;
  if (!hosts.includes(host.toLowerCase()))
    throw new ApiError("Forbidden", `Host ${host} is not this API`);
  if (origin !== undefined && !hosts.some((one) => origin === `http://${one}`)) {
    throw new ApiError("Forbidden", `Origin ${origin} is not this API`);
  }
}

function checkToken(request: IncomingMessage, token: string): void {
  const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
  const digest = (text: string) => createHash("sha256").update(text).digest();
  if (!timingSafeEqual(digest(given), digest(token))) {
    throw new ApiError(
      "Unauthorized",
      "a bearer token is needed: see api.json in the state folder",
    );
  }
}

function parseUrl(text: string): URL {
  try {
    return new URL(text, "http://localhost");
  } catch {
    throw new ApiError("BadRequest", "malformed target");
  }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new ApiError("BadRequest", "malformed path");
  }
}

function versionOf(version: string): object {
  const [major = "0", minor = "0"] = version.split(".");
  return {
    major,
    minor,
    gitVersion: `v${version}`,
    platform: `${process.platform}/${process.arch}`,
  };
}
