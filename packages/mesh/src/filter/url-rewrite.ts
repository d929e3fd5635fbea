import * as v from "valibot";
import type { FilterDoc } from "../model/document.ts";
import { normalPath } from "../model/normal-path.ts";
import { pathEnd } from "../model/target.ts";
import type { Filter } from "./filter.ts";

type Doc = Extract<FilterDoc, { type: "url-rewrite" }>;

/** A path or a piece of one, as it is put on the wire; `?`, `#` and spaces would make it something else. */
const path = v.pipe(
  v.string(),
  v.regex(/^(?:\/[\x21\x22\x24-\x3e\x40-\x7e]*)?$/, "an absolute path, or nothing"),
);
const full = v.pipe(path, v.minLength(1, "an absolute path"));

export const urlRewriteSchema: v.GenericSchema<unknown, Doc> = v.strictObject({
  type: v.literal("url-rewrite"),
  hostname: v.nullable(v.pipe(v.string(), v.regex(/^[a-z0-9.-]+$/i, "a host name"))),
  path: v.nullable(
    v.variant("replace", [
      v.strictObject({ replace: v.literal("full"), value: full }),
      v.strictObject({ replace: v.literal("prefix"), from: full, value: path }),
    ]),
  ),
});

/** Gateway API: URLRewrite. The query stays as it is. */
export function compileUrlRewrite(doc: Doc): Filter {
  const { hostname } = doc;
  const rewrite = compilePath(doc.path);
  return {
    request: (head) => {
      if (hostname !== null) head.authority = hostname;
      if (rewrite !== null) head.path = rewrite(head.path);
      return null;
    },
    reply: null,
  };
}

function compilePath(doc: Doc["path"]): ((target: string) => string) | null {
  if (doc === null) return null;
  if (doc.replace === "full") return (target) => doc.value + queryOf(target);
  // The head's path is in its normal form once a prefix has matched it; so must be what is cut off.
  const from = withoutLastSlash(normalPath(doc.from) ?? doc.from);
  const to = withoutLastSlash(doc.value);
  return (target) => {
    const query = queryOf(target);
    // `/foo` → "" leaves an empty path, which is `/`.
    const path = to + target.slice(from.length, target.length - query.length);
    return (path === "" ? "/" : path) + query;
  };
}

/** `/` and "" are the empty prefix. */
function withoutLastSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

function queryOf(target: string): string {
  return target.slice(pathEnd(target));
}
