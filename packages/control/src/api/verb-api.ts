import type { IncomingMessage, ServerResponse } from "node:http";
import { type Revision, summarise } from "../revision/revision.ts";
import { type ApplyContext, applySet, rollBack } from "./apply.ts";
import {
  type ContractsContext,
  contractRows,
  parseVerdictReport,
  takeVerdict,
} from "./contracts.ts";
import { type ExecContext, serveExec } from "./exec.ts";
import type { Facts } from "./facts.ts";
import { JsonLines, readJson, sendJson } from "./http.ts";
import type { RecordedContext } from "./live-history.ts";
import { serveRecorded } from "./recorded.ts";
import { ApiError } from "./status.ts";
import { serveTap } from "./tap.ts";
import type {
  ApplyRequest,
  ExecRequest,
  RevisionDetail,
  RevisionRow,
  RollbackRequest,
} from "./verbs.ts";

export interface VerbContext extends ApplyContext, ExecContext, RecordedContext, ContractsContext {
  readonly facts: Facts;
}

/** Serves `/heddle/v1/…`. `segments` follow that. */
export async function serveVerb(
  segments: readonly string[],
  query: URLSearchParams,
  context: VerbContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [verb = "", argument] = segments;
  const route = `${request.method} ${verb}`;
  const reply = (body: unknown) => sendJson(response, 200, body);
  const { facts } = context;
  const namespace = query.get("namespace");
  switch (route) {
    case "POST apply":
      return reply(await applySet(parseApply(await readJson(request)), context));
    case "POST rollback":
      return reply(await rollBack(parseRollback(await readJson(request)), context));
    case "POST exec":
      return serveExec(parseExec(await readJson(request)), context, new JsonLines(response));
    case "GET info":
      return reply(facts.info());
    case "GET ps":
      return reply(facts.workloads());
    case "GET stat":
      return reply(facts.stat(parseBy(query.get("by")), namespace));
    case "GET edges":
      return reply(facts.edges(namespace));
    case "GET endpoints":
      return reply(facts.endpoints(query.get("service"), namespace));
    case "GET world":
      return reply(facts.world());
    case "GET constraints":
      return reply(facts.constraints(query.get("workload"), namespace));
    case "GET recorded":
      return serveRecorded(query, context, new JsonLines(response));
    case "GET contracts":
      return reply(contractRows(context.controller, query.get("service"), namespace));
    case "POST verdicts":
      await takeVerdict(parseVerdictReport(await readJson(request)), context);
      return reply({});
    case "GET check":
      return reply(facts.check());
    case "GET tap":
      return serveTap(query, context, new JsonLines(response));
    case "GET revisions":
      if (argument !== undefined) return reply(await revisionDetail(argument, context));
      return reply((await context.intent.list()).map(rowOf));
    default:
      throw new ApiError("NotFound", `no verb ${request.method} ${segments.join("/")}`);
  }
}

async function revisionDetail(argument: string, { intent }: VerbContext): Promise<RevisionDetail> {
  const found = await intent.get(Number(argument));
  if (found === null) throw new ApiError("NotFound", `no revision ${argument}`);
  return { ...rowOf(found), changes: found.changes };
}

function rowOf(revision: Revision): RevisionRow {
  const { revision: number, atWallMs, author, cause, changes } = revision;
  return { revision: number, atWallMs, author, cause, summary: changes.map(summarise) };
}

function parseBy(by: string | null): "services" | "workloads" {
  if (by === null || by === "services") return "services";
  if (by === "workloads") return "workloads";
  throw new ApiError("BadRequest", `stat: expected services or workloads, got "${by}"`);
}

function parseApply(body: unknown): ApplyRequest {
  const { owner = null, author, cause, resources, prune = false, dryRun = false } = record(body);
  if (!Array.isArray(resources)) throw new ApiError("BadRequest", "resources: expected a list");
  if (owner !== null && typeof owner !== "string") {
    throw new ApiError("BadRequest", "owner: expected text or null");
  }
  return {
    owner,
    author: text(author, "author"),
    cause: text(cause, "cause"),
    resources,
    prune: prune === true,
    dryRun: dryRun === true,
  };
}

function parseRollback(body: unknown): RollbackRequest {
  const { revision, author } = record(body);
  if (!Number.isSafeInteger(revision)) {
    throw new ApiError("BadRequest", "revision: expected a whole number");
  }
  return { revision: revision as number, author: text(author, "author") };
}

function parseExec(body: unknown): ExecRequest {
  const { name, namespace = "default", serviceAccountName = null, pid = null } = record(body);
  if (pid !== null && !(Number.isSafeInteger(pid) && (pid as number) > 1)) {
    throw new ApiError("BadRequest", "pid: expected the number of a process, or null");
  }
  return {
    name: text(name, "name"),
    namespace: text(namespace, "namespace"),
    serviceAccountName:
      serviceAccountName === null ? null : text(serviceAccountName, "serviceAccountName"),
    pid: pid as number | null,
  };
}

function record(body: unknown): Record<string, unknown> {
  if (typeof body === "object" && body !== null && !Array.isArray(body)) {
    return body as Record<string, unknown>;
  }
  throw new ApiError("BadRequest", "body: expected an object");
}

function text(value: unknown, name: string): string {
  if (typeof value === "string" && value !== "" && value.length <= 4096) return value;
  throw new ApiError("BadRequest", `${name}: expected text`);
}
