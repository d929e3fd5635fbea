import type { MatchDoc, ValueMatchDoc } from "../../model/document.ts";
import { normalPath } from "../../model/normal-path.ts";
import type { HttpRouteMatch } from "../gateway-api/httproute.ts";
import { type Problem, Problems } from "../schema/problem.ts";

/** A match without the index of its rule, which is known once all routes are merged. */
export type LooseMatch = Omit<MatchDoc, "rule" | "hostnames">;

export interface CompiledMatch {
  readonly match: LooseMatch;
  /**
   * What heddle does not act on, by field. The match then stands for every request it could have meant, so that none of
   * them falls to another rule.
   */
  readonly unsupported: readonly Problem[];
  /** Its path is a pattern that heddle does not read: it comes after every exact path and prefix. */
  readonly isVague: boolean;
}

/** One of a rule's matches, each field of which must hold. */
export function compileMatch(given: HttpRouteMatch): CompiledMatch {
  const unsupported = new Problems();
  const type = given.path?.type ?? "PathPrefix";
  const value = given.path?.value ?? "/";
  const isPattern = type === "RegularExpression";
  if (isPattern) unsupported.add("match RegularExpression", "path");
  // Requests are compared in their normal form, and so is the rule's path.
  const normal = normalPath(value);
  if (!isPattern && normal === null) unsupported.add(JSON.stringify(value), "path");
  const isVague = isPattern || normal === null;
  const match: LooseMatch = {
    path: isVague
      ? { type: "prefix", value: "/" }
      : type === "Exact"
        ? { type: "exact", value: normal }
        : { type: "prefix", value: trimSlash(normal) },
    method: given.method ?? null,
    headers: compileValues(
      given.headers ?? [],
      (name) => name.toLowerCase(),
      unsupported.at("headers"),
    ),
    query: compileValues(given.queryParams ?? [], (name) => name, unsupported.at("queryParams")),
  };
  return { match, unsupported: unsupported.found, isVague };
}

/** The prefix of a match by prefix, else null. */
export function prefixOf({ match, isVague }: CompiledMatch): string | null {
  return match.path.type === "prefix" && !isVague ? match.path.value : null;
}

/** A prefix matches whole segments, so that its last slash says nothing. */
function trimSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** Of several matches on one name the first counts, as the Gateway API says. */
function compileValues(
  given: readonly { type?: string; name: string; value: string }[],
  fold: (name: string) => string,
  unsupported: Problems,
): ValueMatchDoc[] {
  const found = new Map<string, ValueMatchDoc>();
  given.forEach(({ type, name, value }, index) => {
    const folded = fold(name);
    if (found.has(folded)) return;
    if (type === "RegularExpression") unsupported.add("match RegularExpression", index);
    else found.set(folded, { name: folded, value });
  });
  return [...found.values()];
}
