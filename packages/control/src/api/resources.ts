import type { Clock } from "@heddle/mesh/base/clock.ts";
import { checkResource } from "@heddle/mesh/resource/check.ts";
import { apiVersion, type Kind, shownForm } from "@heddle/mesh/resource/kind.ts";
import type { Metadata, Resource } from "@heddle/mesh/resource/meta.ts";
import type { IntentLog, Motive } from "../revision/intent-log.ts";
import { isSameData } from "../revision/revision.ts";
import type { CommitOutcome, ObjectKey, Store, Write } from "../store/store.ts";
import { rivalOf } from "../watch/rival.ts";
import { timestamp } from "../watch/workload-plan.ts";
import { mergePatch } from "./merge-patch.ts";
import { ApiError, invalid } from "./status.ts";

export interface ResourcesOptions {
  readonly store: Store;
  readonly intent: IntentLog;
  readonly clock: Clock;
  readonly newUid: () => string;
}

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly motive: Motive;
}

/** How often a patch is tried again when somebody else was faster. */
const patchAttempts = 5;

/** Largest object that is stored, in bytes of JSON: what etcd takes in one request by default. */
const objectBytesMax = 1536 << 10;

/**
 * What the API does to one resource, in Kubernetes' conventions, whatever carries the request. A kind stands for one of
 * its versions: bodies and answers are in that one, what is stored in the one that is kept.
 */
export class Resources {
  readonly #options: ResourcesOptions;

  constructor(options: ResourcesOptions) {
    this.#options = options;
  }

  async get(kind: Kind, key: ObjectKey): Promise<Resource> {
    return shownForm(kind, await this.#stored(kind, key));
  }

  async #stored(kind: Kind, key: ObjectKey): Promise<Resource> {
    const found = await this.#options.store.get(key);
    if (found === null) throw notFound(kind, key);
    return found;
  }

  async create(
    kind: Kind,
    key: ObjectKey,
    body: unknown,
    options: WriteOptions,
  ): Promise<Resource> {
    const { resourceVersion: version } = (body as Partial<Resource> | null)?.metadata ?? {};
    if (version !== undefined && version !== "" && version !== "0") {
      throw new ApiError(
        "BadRequest",
        "resourceVersion should not be set on objects to be created",
      );
    }
    const object = this.prepare(kind, body, null);
    const named = { ...key, name: object.metadata.name };
    if ((await this.#options.store.get(named)) !== null) throw alreadyExists(kind, named);
    const rival = rivalOf(named);
    if (rival !== null && (await this.#options.store.get(rival.key)) !== null) {
      throw invalid(about(kind, named), [{ path: ["metadata", "name"], message: rival.message }]);
    }
    return this.#commit(kind, { op: "create", key: named, object }, options);
  }

  /** Replaces all but the status. A resourceVersion in the body must be the one in force. */
  async update(
    kind: Kind,
    key: ObjectKey,
    body: unknown,
    options: WriteOptions,
  ): Promise<Resource> {
    const stored = await this.#stored(kind, key);
    return this.#replace(kind, key, stored, body, options);
  }

  async patch(
    kind: Kind,
    key: ObjectKey,
    patch: unknown,
    options: WriteOptions,
  ): Promise<Resource> {
    for (let attempt = 1; ; attempt++) {
      const stored = await this.#stored(kind, key);
      const body = mergePatch(shownForm(kind, stored), patch) as Resource;
      try {
        return await this.#replace(kind, key, stored, body, options);
      } catch (error) {
        // A patch that names no version means whatever is there.
        const asked = (patch as Partial<Resource> | null)?.metadata?.resourceVersion;
        const isConflict = error instanceof ApiError && error.status.reason === "Conflict";
        if (!isConflict || asked !== undefined || attempt >= patchAttempts) throw error;
      }
    }
  }

  /** Writes the status and nothing else. */
  async setStatus(
    kind: Kind,
    key: ObjectKey,
    change: (stored: Resource) => unknown,
    options: WriteOptions,
  ): Promise<Resource> {
    const stored = await this.#stored(kind, key);
    const body = change(shownForm(kind, stored)) as Resource | null;
    checkVersion(kind, key, stored, body?.metadata);
    const { status: _, ...rest } = stored;
    const object = { ...rest, ...(body?.status === undefined ? {} : { status: body.status }) };
    const checked = checkResource(kind.conversion?.stored ?? kind, object);
    if (!checked.ok) throw invalid(about(kind, key), checked.problems);
    checkSize(kind, object);
    return this.#update(kind, key, stored, object, options);
  }

  /** With finalizers it is marked and goes when they are off; without it is gone. */
  async delete(
    kind: Kind,
    key: ObjectKey,
    expect: { readonly uid?: string; readonly resourceVersion?: string },
    options: WriteOptions,
  ): Promise<Resource> {
    const stored = await this.#stored(kind, key);
    if (expect.uid !== undefined && expect.uid !== stored.metadata.uid) {
      throw conflict(kind, key, `the UID in the precondition (${expect.uid}) does not match`);
    }
    checkVersion(kind, key, stored, expect);
    if ((stored.metadata.finalizers ?? []).length === 0) {
      return this.#commit(kind, { op: "delete", key, expect: null }, options, stored);
    }
    if (stored.metadata.deletionTimestamp !== undefined) return shownForm(kind, stored);
    const deletionTimestamp = timestamp(this.#options.clock.wallMs());
    const object = { ...stored, metadata: { ...stored.metadata, deletionTimestamp } };
    return this.#update(kind, key, stored, object, options);
  }

  /** What is to be stored for `body`: checked, with defaults, with what the server says. Throws with every error. */
  prepare(kind: Kind, body: unknown, stored: Resource | null): Resource {
    const typed = withType(kind, body, stored);
    const checked = checkResource(kind, typed);
    const name = (typed as Partial<Resource> | null)?.metadata?.name ?? "";
    if (!checked.ok) {
      throw invalid({ kind: kind.kind, group: kind.group, name: String(name) }, checked.problems);
    }
    const { status: given, ...rest } = checked.resource as Resource;
    const status = kind.hasStatus ? stored?.status : given;
    const object = { ...rest, ...(status === undefined ? {} : { status }) };
    const prepared = { ...object, metadata: this.#metadata(kind, object, stored) };
    checkSize(kind, prepared);
    return prepared;
  }

  #metadata(kind: Kind, object: Resource, stored: Resource | null): Metadata {
    const { uid, creationTimestamp, generation, deletionTimestamp } = stored?.metadata ?? {};
    const { namespace = "default", ...given } = object.metadata;
    const hasChanged = stored === null || !isSameData(stored.spec, object.spec);
    return {
      ...given,
      ...(kind.isNamespaced ? { namespace } : {}),
      uid: uid ?? this.#options.newUid(),
      creationTimestamp: creationTimestamp ?? timestamp(this.#options.clock.wallMs()),
      generation: (generation ?? 0) + (hasChanged ? 1 : 0),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    };
  }

  async #replace(
    kind: Kind,
    key: ObjectKey,
    stored: Resource,
    body: unknown,
    options: WriteOptions,
  ): Promise<Resource> {
    const given = (body as Partial<Resource> | null)?.metadata;
    checkVersion(kind, key, stored, given);
    if (given?.uid !== undefined && given.uid !== stored.metadata.uid) {
      throw conflict(kind, key, "the UID is that of another object");
    }
    const object = this.prepare(kind, body, stored);
    const isLast =
      stored.metadata.deletionTimestamp !== undefined &&
      (object.metadata.finalizers ?? []).length === 0;
    if (isLast) return this.#commit(kind, { op: "delete", key, expect: null }, options, object);
    return this.#update(kind, key, stored, object, options);
  }

  #update(
    kind: Kind,
    key: ObjectKey,
    stored: Resource,
    object: Resource,
    options: WriteOptions,
  ): Promise<Resource> {
    const { resourceVersion } = stored.metadata;
    const same = { ...object, metadata: { ...object.metadata, resourceVersion } };
    if (isSameData(same, stored)) return Promise.resolve(shownForm(kind, stored)); // says nothing new: no new version
    return this.#commit(
      kind,
      { op: "update", key, object, expect: resourceVersion ?? null },
      options,
    );
  }

  async #commit(
    kind: Kind,
    write: Write,
    { dryRun, motive }: WriteOptions,
    shown?: Resource,
  ): Promise<Resource> {
    if (dryRun) return shownForm(kind, shown ?? (write as { readonly object: Resource }).object);
    const outcome = await this.#options.intent.commit([write], motive);
    if (!outcome.ok) throw problemOf(kind, write.key, outcome);
    return shownForm(kind, outcome.objects[0]!);
  }
}

/** The error that says why a commit was not made. */
export function problemOf(
  kind: Kind,
  key: ObjectKey,
  { problem }: Extract<CommitOutcome, { ok: false }>,
): ApiError {
  switch (problem) {
    case "exists":
      return alreadyExists(kind, key);
    case "missing":
      return notFound(kind, key);
    case "conflict":
      return conflict(
        kind,
        key,
        "the object has been modified; please apply your changes to the latest version and try again",
      );
  }
}

export function notFound(kind: Kind, key: ObjectKey): ApiError {
  return new ApiError("NotFound", `${key.collection} "${key.name}" not found`, details(kind, key));
}

function alreadyExists(kind: Kind, key: ObjectKey): ApiError {
  const message = `${key.collection} "${key.name}" already exists`;
  return new ApiError("AlreadyExists", message, details(kind, key));
}

function conflict(kind: Kind, key: ObjectKey, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${key.collection} "${key.name}": ${why}`;
  return new ApiError("Conflict", message, details(kind, key));
}

function details(kind: Kind, { name }: ObjectKey) {
  return { name, group: kind.group, kind: kind.plural };
}

function about(kind: Kind, { name }: ObjectKey) {
  return { kind: kind.kind, group: kind.group, name };
}

function checkSize(kind: Kind, object: Resource): void {
  const bytes = Buffer.byteLength(JSON.stringify(object));
  if (bytes <= objectBytesMax) return;
  const message = `${kind.kind} "${object.metadata.name}" is too large: ${bytes} bytes, at most ${objectBytesMax}`;
  throw new ApiError("RequestEntityTooLarge", message);
}

function checkVersion(
  kind: Kind,
  key: ObjectKey,
  stored: Resource,
  given: { readonly resourceVersion?: string } | undefined,
): void {
  const asked = given?.resourceVersion;
  if (asked === undefined || asked === "" || asked === stored.metadata.resourceVersion) return;
  throw problemOf(kind, key, { ok: false, at: 0, problem: "conflict" });
}

/** apiVersion and kind may be left out where the path says them; what the server sets is not the client's to say. */
function withType(kind: Kind, body: unknown, stored: Resource | null): unknown {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return body;
  const { metadata, ...rest } = body as Record<string, unknown>;
  const isObject = typeof metadata === "object" && metadata !== null && !Array.isArray(metadata);
  const own = isObject ? withoutServerFields(metadata as Record<string, unknown>) : metadata;
  const name = stored === null ? {} : { name: stored.metadata.name };
  return {
    apiVersion: apiVersion(kind.group, kind.version),
    kind: kind.kind,
    ...rest,
    ...(own === undefined && stored === null
      ? {}
      : { metadata: isObject ? { ...name, ...(own as object) } : (own ?? name) }),
  };
}

function withoutServerFields(metadata: Record<string, unknown>): Record<string, unknown> {
  const {
    uid: _uid,
    resourceVersion: _version,
    generation: _generation,
    creationTimestamp: _created,
    deletionTimestamp: _deleted,
    deletionGracePeriodSeconds: _grace,
    selfLink: _link,
    ...rest
  } = metadata;
  return rest;
}
