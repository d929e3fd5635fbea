import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";
import { apiVersion, type Kind, shownForm } from "@heddle/mesh/resource/kind.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { collectionOf } from "../store/collection.ts";
import type { Change, Store, Watching } from "../store/store.ts";
import type { JsonLines } from "./http.ts";
import { selectorOf, wholeNumber } from "./list.ts";
import { ApiError } from "./status.ts";

const bookmarkMs = 30_000;
/** Without `timeoutSeconds`. Clients watch again from where they were. */
const timeoutDefaultMs = 30 * 60_000;
/** A client that reads too slowly is cut off at so many bytes, and lists again. */
const queueBytesMax = 16 << 20;

export interface WatchOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly kind: Kind;
  readonly namespace: string | null;
  readonly query: URLSearchParams;
}

/**
 * Kubernetes' watch: one event a line, ADDED, MODIFIED, DELETED, BOOKMARK, ERROR, for what the selectors select: what
 * comes to be selected is ADDED, what ceases to be is DELETED. Without a resourceVersion it begins with what there is.
 */
export async function serveWatch(options: WatchOptions, lines: JsonLines): Promise<void> {
  const { store, clock, kind, namespace, query } = options;
  const select = selectorOf(query);
  const asked = query.get("resourceVersion");
  const timeoutMs = (wholeNumber(query.get("timeoutSeconds"), "timeoutSeconds") ?? 0) * 1000;
  const collection = collectionOf(kind);
  const isMeant = (object: Resource) =>
    (namespace === null || object.metadata.namespace === namespace) && select(object);
  let from = asked === null || asked === "" || asked === "0" ? null : Number(asked);
  if (from !== null && !Number.isSafeInteger(from)) {
    throw new ApiError("BadRequest", `resourceVersion: expected one of ours, got "${asked}"`);
  }
  lines.start();
  if (from === null) {
    const listed = await store.list(collection, namespace);
    for (const object of listed.items) {
      if (isMeant(object)) lines.write({ type: "ADDED", object: shownForm(kind, object) });
    }
    from = listed.version;
  }
  let latest = from;
  const onChange = (change: Change) => {
    latest = change.version;
    const event = change.key.collection === collection ? eventOf(change, isMeant) : null;
    if (event === null) return;
    lines.write({ ...event, object: shownForm(kind, event.object) });
    if (lines.queuedBytes > queueBytesMax) lines.end();
  };
  const watching: Watching | null = store.watch(from, onChange);
  if (watching === null) {
    const { status } = new ApiError("Expired", `too old resource version: ${from}`);
    lines.write({ type: "ERROR", object: status });
    lines.end();
    return;
  }
  const timers: { end: Timer; bookmark: Timer | null } = {
    end: clock.after(timeoutMs === 0 ? timeoutDefaultMs : timeoutMs, () => lines.end()),
    bookmark: null,
  };
  const wantsBookmarks = /^(1|true)$/.test(query.get("allowWatchBookmarks") ?? "");
  const bookmark = () => {
    lines.write(bookmarkOf(kind, latest));
    timers.bookmark = clock.after(bookmarkMs, bookmark);
  };
  if (wantsBookmarks) timers.bookmark = clock.after(bookmarkMs, bookmark);
  await lines.closed;
  watching.close();
  timers.end.cancel();
  timers.bookmark?.cancel();
}

function eventOf(
  { type, object, before }: Change,
  isMeant: (object: Resource) => boolean,
): { readonly type: string; readonly object: Resource } | null {
  const isNow = isMeant(object);
  if (type === "deleted") return isNow ? { type: "DELETED", object } : null;
  const was = before !== null && isMeant(before);
  if (isNow)
    return { type: was || (type === "modified" && before === null) ? "MODIFIED" : "ADDED", object };
  return was ? { type: "DELETED", object } : null;
}

function bookmarkOf(kind: Kind, version: number): object {
  return {
    type: "BOOKMARK",
    object: {
      apiVersion: apiVersion(kind.group, kind.version),
      kind: kind.kind,
      metadata: { resourceVersion: String(version) },
    },
  };
}
