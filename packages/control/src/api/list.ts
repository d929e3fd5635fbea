import { apiVersion, type Kind, shownForm } from "@heddle/mesh/resource/kind.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { collectionOf } from "../store/collection.ts";
import type { Store } from "../store/store.ts";
import { parseFieldSelector, parseLabelSelector, type Selector } from "./selector.ts";
import { ApiError } from "./status.ts";

/** The selectors of a query, as one. */
export function selectorOf(query: URLSearchParams): Selector {
  const labels = parseLabelSelector(query.get("labelSelector") ?? "");
  const fields = parseFieldSelector(query.get("fieldSelector") ?? "");
  return (resource) => labels(resource) && fields(resource);
}

/** A `<Kind>List`, in pages where `limit` says so. `continue` goes on after the last one shown. */
export async function listResources(
  store: Store,
  kind: Kind,
  namespace: string | null,
  query: URLSearchParams,
): Promise<object> {
  const select = selectorOf(query);
  const limit = wholeNumber(query.get("limit"), "limit");
  const after = decodeContinue(query.get("continue"));
  const { items, version } = await store.list(collectionOf(kind), namespace);
  const found = items.filter((item) => select(item) && (after === null || pathOf(item) > after));
  const shown = limit === null || limit === 0 ? found : found.slice(0, limit);
  const rest = found.length - shown.length;
  return {
    apiVersion: apiVersion(kind.group, kind.version),
    kind: `${kind.kind}List`,
    metadata: {
      resourceVersion: String(version),
      ...(rest === 0 ? {} : { continue: encodeContinue(shown.at(-1)!), remainingItemCount: rest }),
    },
    items: shown.map((item) => shownForm(kind, item)),
  };
}

/** A number of a query, or null where it is not there. */
export function wholeNumber(text: string | null, name: string): number | null {
  if (text === null || text === "") return null;
  if (!/^\d{1,9}$/.test(text)) throw new ApiError("BadRequest", `${name}: expected a whole number`);
  return Number(text);
}

function pathOf({ metadata }: Resource): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

function encodeContinue(last: Resource): string {
  return Buffer.from(JSON.stringify({ after: pathOf(last) })).toString("base64url");
}

function decodeContinue(text: string | null): string | null {
  if (text === null || text === "") return null;
  try {
    const { after } = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    if (typeof after === "string") return after;
  } catch {}
  throw new ApiError("BadRequest", "continue key is not valid");
}
