import type { Document, DocumentKey } from "../model/document.ts";
import { documentKeyOf } from "./codec.ts";
import type { Digester } from "./digest.ts";
import type { Delta, Snapshot, Version } from "./snapshot.ts";

/** The delta that makes `to` of `from`; with `from` null, the whole of `to`. */
export function diffSnapshots(from: Snapshot | null, to: Snapshot, digester: Digester): Delta {
  const changed: Document[] = [];
  for (const [key, document] of to.documents) {
    const before = from?.documents.get(key);
    if (before === undefined || !digester.same(before, document)) changed.push(document);
  }
  const removed: DocumentKey[] = [];
  for (const key of from?.documents.keys() ?? []) if (!to.documents.has(key)) removed.push(key);
  return {
    ...versionOf(to),
    base: from === null ? null : versionOf(from),
    changed,
    removed,
    digest: digester.digest(to.documents),
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
  const documents = new Map(delta.base === null ? [] : snapshot?.documents);
  for (const key of delta.removed) documents.delete(key);
  for (const document of delta.changed) {
    const key = documentKeyOf(document);
    if (key === null) return { mismatch: "digest" };
    const before = snapshot?.documents.get(key);
    const isKnown = before !== undefined && digester.same(before, document);
    documents.set(key, isKnown ? before : document);
  }
  if (digester.digest(documents) !== delta.digest) return { mismatch: "digest" };
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
