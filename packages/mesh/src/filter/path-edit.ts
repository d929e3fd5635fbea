import * as v from "valibot";
import type { PathEditDoc } from "../model/document.ts";
import { isWirePath, normalPath } from "../model/normal-path.ts";
import { pathEnd } from "../model/target.ts";

const full = v.pipe(
  v.string(),
  v.startsWith("/", "an absolute path"),
  v.check(isWirePath, "a path that can be put on the wire and read in one way"),
);
const piece = v.union([v.literal(""), full], "an absolute path, or nothing");

export const pathEditSchema: v.GenericSchema<unknown, PathEditDoc> = v.variant("replace", [
  v.strictObject({ replace: v.literal("full"), value: full }),
  v.strictObject({ replace: v.literal("prefix"), from: full, value: piece }),
]);

/** A function from target to target, its query kept. Null where nothing is replaced. */
export function compilePathEdit(doc: PathEditDoc | null): ((target: string) => string) | null {
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
