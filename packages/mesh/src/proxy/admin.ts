import { chmod, rm } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Metrics } from "../telemetry/metrics.ts";
import { metricsMediaTypes, renderMetrics } from "../telemetry/metrics-text.ts";
import type { RecordRing } from "../telemetry/record-ring.ts";
import { showClusters, showConnections, type showSnapshot } from "./admin-views.ts";
import { type JsonLog, type LogLevel, logLevels } from "./log.ts";
import type { Workload } from "./workload.ts";

export interface AdminOptions {
  readonly workload: Workload;
  readonly metrics: Metrics;
  readonly recent: RecordRing;
  readonly log: JsonLog;
  /** Does it listen everywhere it should and act on documents? */
  readonly isReady: () => boolean;
  /** What it acts on, for people. */
  readonly snapshot: () => ReturnType<typeof showSnapshot>;
}

/** Records on one page, the newest. */
const recentShown = 100;

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/**
 * A proxy's own door for people and scrapers: HTTP on a unix socket in its folder, reachable for its user only.
 *
 *   GET /live  /ready  /metrics  /snapshot  /clusters  /connections  /recent  /loglevel      PUT /loglevel
 */
export async function openAdmin(path: string, options: AdminOptions): Promise<Server> {
  // An import would read every export, and with it load fetch and WebSocket: measured, 6.4 MB of each proxy.
  const { createServer } = process.getBuiltinModule("node:http");
  const server = createServer((request, response) => {
    // A client that hangs up amid its request gets no answer.
    answer(options, request, response).catch(() => response.destroy());
  });
  await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return server;
}

async function answer(
  options: AdminOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const page = await pageOf(options, request);
  response.writeHead(page.status, { "content-type": page.type });
  response.end(request.method === "HEAD" ? undefined : page.body);
}

async function pageOf(options: AdminOptions, request: IncomingMessage): Promise<Page> {
  const path = (request.url ?? "/").split("?")[0];
  if (request.method === "PUT" && path === "/loglevel") return setLogLevel(options, request);
  if (request.method !== "GET" && request.method !== "HEAD") return text(405, "GET only\n");
  const { workload } = options;
  switch (path) {
    case "/live":
      return text(200, "live\n");
    case "/ready":
      return options.isReady() ? text(200, "ready\n") : text(503, "not ready\n");
    case "/metrics": {
      const isOpen = request.headers.accept?.includes("application/openmetrics-text") ?? false;
      const format = isOpen ? "openmetrics" : "prometheus";
      const body = renderMetrics(options.metrics, format);
      return { status: 200, type: metricsMediaTypes[format], body };
    }
    case "/snapshot":
      return json(options.snapshot());
    case "/clusters":
      return json(showClusters(workload));
    case "/connections":
      return json(showConnections(workload));
    case "/recent":
      return json(options.recent.recent(recentShown));
    case "/loglevel":
      return text(200, `${options.log.level}\n`);
    default:
      return text(
        404,
        "/live /ready /metrics /snapshot /clusters /connections /recent /loglevel\n",
      );
  }
}

async function setLogLevel(options: AdminOptions, request: IncomingMessage): Promise<Page> {
  let body = "";
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > 64) return text(413, "too long\n");
  }
  const level = body.trim();
  if (!logLevels.includes(level as LogLevel)) {
    return text(400, `expected one of ${logLevels.join(", ")}\n`);
  }
  options.log.level = level as LogLevel;
  return text(200, `${level}\n`);
}

function text(status: number, body: string): Page {
  return { status, type: "text/plain; charset=utf-8", body };
}

function json(value: unknown): Page {
  return { status: 200, type: "application/json", body: `${JSON.stringify(value, null, 2)}\n` };
}
