import type { Document, DocumentKey } from "../model/document.ts";
import { documentKeyOf } from "./codec.ts";
import type { Digester } from "./digest.ts";
import { PatchedDocuments } from "./patched-documents.ts";
import type { Delta, Snapshot, Version } from "./snapshot.ts";

/** The delta that makes `to` of `from`; with `from` null, the whole of `to`. */
export function diffSnapshots(from: Snapshot | null, to: Snapshot, digester: Digester): Delta {
  const changed: Document[] = [];
  const gone: Document[] = [];
  const removed: DocumentKey[] = [];
  const look = (key: DocumentKey) => {
    const before = from?.documents.get(key);
    const after = to.documents.get(key);
    if (before === after) return; // nearly all of them
    if (before !== undefined && after !== undefined && digester.same(before, after)) return;
    if (before !== undefined) gone.push(before);
    if (after !== undefined) changed.push(after);
    else removed.push(key);
  };
  const some = from === null ? null : PatchedDocuments.different(from.documents, to.documents);
  for (const key of some ?? to.documents.keys()) look(key);
  if (some === null) {
    for (const key of from?.documents.keys() ?? []) if (!to.documents.has(key)) look(key);
  }
  const before = from?.documents ?? null;
  return {
    ...versionOf(to),
    base: from === null ? null : versionOf(from),
    changed,
    removed,
    digest: digester.digestFrom(before, to.documents, gone, changed),
  };
}

/** Why a delta could not be applied: whoever has it asks for the whole. */
export type Mismatch =
  | { readonly mismatch: "base" } /** the delta starts from another version than the one at hand */
  | { readonly mismatch: "digest" }; /** what came out is not what the sender has */

/**
 * The snapshot that `delta` makes of `snapshot`. Documents that did not change stay the same objects, so that what was
 * compiled from them can be kept by identity.
 */
export function applyDelta(
  snapshot: Snapshot | null,
  delta: Delta,
  digester: Digester,
): Snapshot | Mismatch {
  if (delta.base !== null && (snapshot === null || !sameVersion(snapshot, delta.base))) {
    return { mismatch: "base" };
  }
  const base = delta.base === null ? null : (snapshot?.documents ?? null);
  const documents = new Map(base);
  const gone: Document[] = [];
  const come: Document[] = [];
  for (const key of delta.removed) {
    const before = documents.get(key);
    if (documents.delete(key)) gone.push(before!);
  }
  for (const document of delta.changed) {
    const key = documentKeyOf(document);
    if (key === null) return { mismatch: "digest" };
    const before = snapshot?.documents.get(key);
    const after = before !== undefined && digester.same(before, document) ? before : document;
    const replaced = documents.get(key);
    if (replaced !== undefined) gone.push(replaced);
    documents.set(key, after);
    come.push(after);
  }
  if (digester.digestFrom(base, documents, gone, come) !== delta.digest) {
    return { mismatch: "digest" };
  }
  return { ...versionOf(delta), documents };
}

export function isMismatch(result: Snapshot | Mismatch): result is Mismatch {
  return "mismatch" in result;
}

/** One and the same state of one and the same store? */
export function sameVersion(a: Version, b: Version): boolean {
  return (
    a.epoch === b.epoch && a.revision === b.revision && a.endpointsVersion === b.endpointsVersion
  );
}

/** The version alone, of a snapshot, a delta or a message. */
export function versionOf({ epoch, revision, endpointsVersion }: Version): Version {
  return { epoch, revision, endpointsVersion };
}
