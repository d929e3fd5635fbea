import { chmod, rm } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Metrics } from "../telemetry/metrics.ts";
import { metricsMediaTypes, renderMetrics } from "../telemetry/metrics-text.ts";
import type { Recording } from "../telemetry/recording.ts";
import { type HistoryFilter, historyOf, parseHistoryFilter } from "../telemetry/ring-reader.ts";
import { showClusters, showConnections, type showSnapshot } from "./admin-views.ts";
import { type JsonLog, type LogLevel, logLevels } from "./log.ts";
import type { Workload } from "./workload.ts";

export interface AdminOptions {
  readonly workload: Workload;
  readonly metrics: Metrics;
  readonly recording: Recording;
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
  readonly body: string | Iterable<string>;
}

/**
 * A proxy's own door for people and scrapers: HTTP on a unix socket in its folder, reachable for its user only.
 *
 *   GET /live  /ready  /metrics  /snapshot  /clusters  /connections  /recent  /history  /recording  /loglevel
 *   PUT /recording  /loglevel
 *
 * `/history?service=<namespace>/<name>&limit=<n>` gives what the proxy remembers as JSON lines (`RecordedLine`), old to new.
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
  if (request.method === "HEAD") response.end();
  else if (typeof page.body === "string") response.end(page.body);
  else await writeAll(response, page.body);
}

/** Piece by piece, each when the one before is gone: other events are handled between. */
async function writeAll(response: ServerResponse, pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces) {
    await new Promise<void>((resolve, reject) => {
      response.write(piece, (cause) => (cause == null ? resolve() : reject(cause)));
    });
  }
  response.end();
}

async function pageOf(options: AdminOptions, request: IncomingMessage): Promise<Page> {
  const [path, query] = (request.url ?? "/").split("?", 2);
  if (request.method === "PUT" && path === "/recording") return setRecording(options, request);
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
      return json(options.recording.recent(recentShown));
    case "/history":
      return history(options.recording, new URLSearchParams(query));
    case "/recording":
      return text(200, options.recording.isOn ? "on\n" : "off\n");
    case "/loglevel":
      return text(200, `${options.log.level}\n`);
    default:
      return text(
        404,
        "/live /ready /metrics /snapshot /clusters /connections /recent /history /recording /loglevel\n",
      );
  }
}

function history(recording: Recording, query: URLSearchParams): Page {
  const limit = query.get("limit");
  const filter = parseHistoryFilter({
    service: query.get("service"),
    limit: limit === null ? null : Number(limit),
  });
  if (filter === null) return text(400, "expected service=<namespace>/<name> and limit=<n>\n");
  return { status: 200, type: "application/x-ndjson", body: linesOf(recording, filter) };
}

function* linesOf(recording: Recording, filter: HistoryFilter): Iterable<string> {
  for (const line of historyOf(recording, filter)) yield `${JSON.stringify(line)}\n`;
}

async function setRecording({ recording }: AdminOptions, request: IncomingMessage): Promise<Page> {
  const word = await wordOf(request);
  if (word === null) return text(413, "too long\n");
  if (word !== "on" && word !== "off") return text(400, "expected on or off\n");
  recording.set(word === "on");
  return text(200, `${word}\n`);
}

/** A short body; null: it is longer. */
async function wordOf(request: IncomingMessage): Promise<string | null> {
  let body = "";
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > 64) return null;
  }
  return body.trim();
}

async function setLogLevel(options: AdminOptions, request: IncomingMessage): Promise<Page> {
  const level = await wordOf(request);
  if (level === null) return text(413, "too long\n");
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
