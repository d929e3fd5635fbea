import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "@heddle/mesh/base/clock.ts";
import type { Kind } from "@heddle/mesh/resource/kind.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { collectionOf } from "../store/collection.ts";
import type { ObjectKey, Store } from "../store/store.ts";
import { JsonLines, readJson, sendJson } from "./http.ts";
import { listResources } from "./list.ts";
import { mergePatch } from "./merge-patch.ts";
import type { ApiPath } from "./paths.ts";
import type { Resources, WriteOptions } from "./resources.ts";
import { ApiError, success } from "./status.ts";
import { serveWatch } from "./watch.ts";

export interface ResourceContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly resources: Resources;
}

type ResourcePath = Extract<ApiPath, { about: "resource" }>;

/** Serves one request about resources of a kind. */
export async function serveResource(
  path: ResourcePath,
  query: URLSearchParams,
  context: ResourceContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (path.name === null) return serveCollection(path, query, context, request, response);
  const { kind, subresource } = path;
  const { resources } = context;
  const key = keyOf(path, path.name);
  const reply = (body: unknown) => sendJson(response, 200, body);
  const options = () => writeOptions(request, query, path);
  const isStatus = subresource === "status";
  switch (request.method) {
    case "GET":
      return reply(await resources.get(kind, key));
    case "PUT": {
      const body = sameName(await readJson(request), key);
      if (!isStatus) return reply(await resources.update(kind, key, body, options()));
      return reply(await resources.setStatus(kind, key, () => body, options()));
    }
    case "PATCH": {
      const patch = await readJson(request, "application/merge-patch+json");
      if (!isStatus)
        return reply(await resources.patch(kind, key, sameName(patch, key), options()));
      const change = (stored: Resource) => mergePatch(stored, patch);
      return reply(await resources.setStatus(kind, key, change, options()));
    }
    case "DELETE": {
      if (isStatus) break;
      const body = (await readJson(request)) as { preconditions?: object } | null;
      const gone = await resources.delete(kind, key, body?.preconditions ?? {}, options());
      if (gone.metadata.deletionTimestamp !== undefined) return reply(gone);
      return reply(success({ name: key.name, group: kind.group, kind: kind.plural }));
    }
  }
  throw new ApiError("MethodNotAllowed", `${request.method} is not for ${collectionOf(kind)}`);
}

async function serveCollection(
  path: ResourcePath,
  query: URLSearchParams,
  context: ResourceContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { kind, namespace } = path;
  const { store, clock, resources } = context;
  if (request.method === "GET") {
    if (/^(1|true)$/.test(query.get("watch") ?? "")) {
      return serveWatch({ store, clock, kind, namespace, query }, new JsonLines(response));
    }
    return sendJson(response, 200, await listResources(store, kind, namespace, query));
  }
  if (request.method !== "POST" || (kind.isNamespaced && namespace === null)) {
    throw new ApiError("MethodNotAllowed", `${request.method} is not for ${collectionOf(kind)}`);
  }
  const body = (await readJson(request)) as Resource | null;
  const named = inNamespace(kind, body, namespace);
  const key = keyOf(path, named?.metadata?.name ?? "");
  const made = await resources.create(kind, key, named, writeOptions(request, query, path));
  sendJson(response, 201, made);
}

function keyOf({ kind, namespace }: ResourcePath, name: string): ObjectKey {
  return { collection: collectionOf(kind), namespace: namespace ?? "", name };
}

/** The path says the namespace; a body may leave it out, and must not say another. */
function inNamespace(kind: Kind, body: Resource | null, namespace: string | null): Resource | null {
  if (!kind.isNamespaced || typeof body?.metadata !== "object" || body.metadata === null)
    return body;
  const given = body.metadata.namespace;
  if (given !== undefined && given !== namespace) {
    throw new ApiError(
      "BadRequest",
      "the namespace of the object does not match that of the request",
    );
  }
  return { ...body, metadata: { ...body.metadata, namespace: namespace! } };
}

function sameName(body: unknown, key: ObjectKey): unknown {
  const metadata = (body as Partial<Resource> | null)?.metadata;
  if (typeof metadata !== "object" || metadata === null) return body;
  for (const [field, expected] of [
    ["name", key.name],
    ["namespace", key.namespace],
  ] as const) {
    const given = metadata[field];
    if (given !== undefined && given !== expected) {
      throw new ApiError(
        "BadRequest",
        `the ${field} of the object (${given}) does not match that of the request (${expected})`,
      );
    }
  }
  const namespace = key.namespace === "" ? {} : { namespace: key.namespace };
  return { ...(body as object), metadata: { ...metadata, ...namespace } };
}

/** Who and why, for the revision: clients of Kubernetes say the former as `fieldManager`. */
function writeOptions(
  request: IncomingMessage,
  query: URLSearchParams,
  { kind, name }: ResourcePath,
): WriteOptions {
  const dryRun = query.get("dryRun");
  if (dryRun !== null && dryRun !== "All") {
    throw new ApiError("BadRequest", `dryRun: expected All, got "${dryRun}"`);
  }
  const verb = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" }[
    request.method as "POST" | "PUT" | "PATCH" | "DELETE"
  ];
  const author = query.get("fieldManager") ?? request.headers["user-agent"]?.split("/")[0] ?? "api";
  const cause = `${verb} ${kind.singular}${name === null ? "" : `/${name}`}`;
  return { dryRun: dryRun === "All", motive: { author: author.slice(0, 128), cause } };
}
