import { kindOf } from "@heddle/mesh/resource/check.ts";
import { kinds } from "@heddle/mesh/resource/index.ts";
import type { Kind } from "@heddle/mesh/resource/kind.ts";
import { defaultNamespace, type Resource } from "@heddle/mesh/resource/meta.ts";
import type { IntentLog } from "../revision/intent-log.ts";
import { writesOf } from "../revision/intent-log.ts";
import { type IntentChange, intentOf, isSameIntent, undo } from "../revision/revision.ts";
import { collectionOf, keyOf, kindOfCollection } from "../store/collection.ts";
import type { ObjectKey, Store, Write } from "../store/store.ts";
import { rivalOf } from "../watch/rival.ts";
import { applyWarnings } from "./apply-warnings.ts";
import { isIntent } from "./is-intent.ts";
import type { Resources } from "./resources.ts";
import { ApiError, type StatusCause } from "./status.ts";
import type { AppliedChange, ApplyRequest, ApplyResult, RollbackRequest } from "./verbs.ts";

/** Which set a resource belongs to; absent: nobody's. */
export const ownerAnnotation = "heddle.dev/owner";

export interface ApplyContext {
  readonly store: Store;
  readonly intent: IntentLog;
  readonly resources: Resources;
}

interface Planned {
  readonly writes: readonly Write[];
  readonly changes: readonly AppliedChange[];
}

/** How often a set is tried again when one of its objects changed under it. */
const attemptsMax = 5;

/** Makes a set of resources hold, all or none of it, as one revision. Throws one ApiError with every error. */
export async function applySet(request: ApplyRequest, context: ApplyContext): Promise<ApplyResult> {
  const { author, cause, dryRun } = request;
  for (let attempt = 1; ; attempt++) {
    const { writes, changes } = await plan(request, context);
    const warnings = await applyWarnings(context.store, writes);
    const result = () => ({ revision: context.intent.revision, changes, warnings });
    if (dryRun || writes.length === 0) return result();
    const outcome = await context.intent.commit(writes, { author, cause });
    if (outcome.ok) return result();
    if (attempt >= attemptsMax) {
      throw new ApiError("Conflict", "the resources keep changing under this set; try again");
    }
  }
}

/** Makes the intent of an earlier revision hold again, as a new revision. */
export async function rollBack(
  { revision, author }: RollbackRequest,
  context: ApplyContext,
): Promise<ApplyResult> {
  const { intent } = context;
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const after = intent.revision;
    const { writes, changes } = await planRollback(revision, context);
    const warnings = await applyWarnings(context.store, writes);
    const result = () => ({ revision: intent.revision, changes, warnings });
    if (writes.length === 0) return result();
    // What is undone is all that came since, and no more may come meanwhile.
    const outcome = await intent.commit(writes, { author, cause: `rollback ${revision}`, after });
    if (outcome.ok) return result();
  }
  throw new ApiError("Conflict", "the resources keep changing under this rollback; try again");
}

async function planRollback(
  revision: number,
  { intent, store, resources }: ApplyContext,
): Promise<Planned> {
  const all = await intent.list();
  const oldest = all.at(-1)?.revision ?? 1;
  // The state before the oldest that is remembered can be reached, too.
  if (!Number.isSafeInteger(revision) || revision < oldest - 1 || revision > intent.revision) {
    throw new ApiError(
      "NotFound",
      `revision ${revision} is not known; ${oldest - 1} to ${intent.revision} are`,
    );
  }
  const changes = undo(all.filter((one) => one.revision > revision));
  const writes = await writesOf(changes, store, (resource, stored) =>
    resources.prepare(kindOf(resource)!, resource, stored),
  );
  return { writes, changes: changes.map(rolledBack) };
}

async function plan(request: ApplyRequest, context: ApplyContext): Promise<Planned> {
  const { owner, prune } = request;
  const causes: StatusCause[] = [];
  const writes: Write[] = [];
  const changes: AppliedChange[] = [];
  const named = new Set<string>();
  for (const resource of request.resources) {
    const kind = kindOf(resource);
    const subject = subjectOf(resource);
    const refuse = (cause: StatusCause) =>
      causes.push({ ...cause, field: `${subject} ${cause.field}`.trimEnd() });
    if (kind === null || !isIntent(collectionOf(kind))) {
      const message = kind === null ? "unknown kind" : "made by the control plane, not applied";
      refuse({ reason: "FieldValueNotSupported", message, field: "kind" });
      continue;
    }
    const key = keyOf(kind, resource);
    const id = idOf(key);
    if (named.has(id))
      refuse({ reason: "FieldValueDuplicate", message: "is in the set twice", field: "" });
    named.add(id);
    const stored = await context.store.get(key);
    const object = tryPrepare(
      context.resources,
      kind,
      owned(resource, owner, stored),
      stored,
      refuse,
    );
    if (object === null) continue;
    const action =
      stored === null ? "created" : isSameIntent(stored, object) ? "unchanged" : "configured";
    changes.push({ kind: kind.kind, namespace: key.namespace, name: key.name, action });
    if (action === "created") writes.push({ op: "create", key, object });
    if (action === "configured") {
      writes.push({ op: "update", key, object, expect: stored!.metadata.resourceVersion ?? null });
    }
  }
  if (owner !== null) await planOrphans(owner, prune, named, context, { writes, changes });
  causes.push(...(await rivals(writes, context.store)));
  if (causes.length > 0) throw refusal(causes);
  return { writes, changes };
}

/** New ones whose workloads would be called as those of what is there, or comes in the same set. */
async function rivals(writes: readonly Write[], store: Store): Promise<readonly StatusCause[]> {
  const causes: StatusCause[] = [];
  const after = new Map(writes.map(({ key, op }) => [idOf(key), op !== "delete"]));
  for (const { op, key } of writes) {
    const rival = op === "create" ? rivalOf(key) : null;
    if (rival === null) continue;
    const isThere = after.get(idOf(rival.key)) ?? (await store.get(rival.key)) !== null;
    if (!isThere) continue;
    const field = `${kindOfCollection(key.collection)!.kind}/${key.name} metadata.name`;
    causes.push({ reason: "FieldValueDuplicate", message: rival.message, field });
  }
  return causes;
}

/** What the owner applied before and is not in the set. */
async function planOrphans(
  owner: string,
  prune: boolean,
  named: ReadonlySet<string>,
  { store }: ApplyContext,
  { writes, changes }: { readonly writes: Write[]; readonly changes: AppliedChange[] },
): Promise<void> {
  for (const kind of kinds) {
    const collection = collectionOf(kind);
    if (!isIntent(collection)) continue;
    for (const stored of (await store.list(collection, null)).items) {
      const key = keyOf(kind, stored);
      if (stored.metadata.annotations?.[ownerAnnotation] !== owner || named.has(idOf(key)))
        continue;
      const { namespace, name } = key;
      changes.push({ kind: kind.kind, namespace, name, action: prune ? "pruned" : "orphaned" });
      if (prune)
        writes.push({ op: "delete", key, expect: stored.metadata.resourceVersion ?? null });
    }
  }
}

function tryPrepare(
  resources: Resources,
  kind: Kind,
  resource: Resource,
  stored: Resource | null,
  refuse: (cause: StatusCause) => void,
): Resource | null {
  try {
    return resources.prepare(kind, resource, stored);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { reason = "InternalError", message, details } = error.status;
    for (const cause of details?.causes ?? [{ reason, message, field: "" }]) refuse(cause);
    return null;
  }
}

/** With the owner noted: this set's, or whose it was. */
function owned(resource: Resource, owner: string | null, stored: Resource | null): Resource {
  const name = owner ?? stored?.metadata.annotations?.[ownerAnnotation];
  if (name === undefined) return resource;
  const annotations = { ...resource.metadata?.annotations, [ownerAnnotation]: name };
  return { ...resource, metadata: { ...resource.metadata, annotations } };
}

function refusal(causes: readonly StatusCause[]): ApiError {
  const count = causes.length === 1 ? "1 error" : `${causes.length} errors`;
  return new ApiError("Invalid", `${count}, nothing applied`, { causes });
}

function subjectOf(resource: unknown): string {
  const { kind, metadata } = (resource ?? {}) as Partial<Resource>;
  return `${kind ?? "?"}/${metadata?.name ?? "?"}`;
}

function idOf({ collection, namespace, name }: ObjectKey): string {
  return `${collection}/${namespace}/${name}`;
}

function rolledBack({ collection, before, after }: IntentChange): AppliedChange {
  const { metadata } = intentOf((after ?? before)!);
  return {
    kind: kindOfCollection(collection)?.kind ?? collection,
    namespace: metadata.namespace ?? defaultNamespace,
    name: metadata.name,
    action: before === null ? "created" : after === null ? "pruned" : "configured",
  };
}
