import { isPatternFault, readPattern } from "../../route/pattern.ts";
import { namespaceOf } from "../meta.ts";
import type { Path } from "../schema/path.ts";
import type { HttpRouteGroup, HttpRouteGroupMatch } from "../smi/httproutegroup.ts";
import type { TrafficSplit } from "../smi/trafficsplit.ts";
import type { Attachable } from "./attachable.ts";
import type { EventClaim } from "./claims.ts";
import type { LooseMatch } from "./match.ts";
import type { World } from "./world.ts";

export interface SplitMatches {
  /** Any of them is enough. Null: the split names no group, and is for all that comes. */
  readonly matches: readonly LooseMatch[] | null;
  readonly events: readonly EventClaim[];
}

/** Requests that a split is for: those that fit any match of any of its groups. A group that is not there adds none. */
export function splitMatches(split: TrafficSplit, world: World): SplitMatches {
  const { matches: groups = [] } = split.spec;
  if (groups.length === 0) return { matches: null, events: [] };
  const namespace = namespaceOf(split);
  const events: EventClaim[] = [];
  const matches = groups.flatMap(({ name }, index) => {
    const group = world.find("HTTPRouteGroup", `${namespace}/${name}`);
    if (group !== null) return group.spec.matches.flatMap(matchDocs);
    const message = `There is no HTTPRouteGroup ${name} in namespace ${namespace}: nothing matches it.`;
    const path = ["spec", "matches", index, "name"];
    events.push({ type: "Warning", reason: "GroupNotFound", message, path });
    return [];
  });
  if (matches.length === 0) {
    const message = `No request can match: all of them go to Service ${split.spec.service} itself.`;
    events.push({ type: "Warning", reason: "NothingMatches", message, path: ["spec", "matches"] });
  }
  return { matches, events };
}

/** What of a group's patterns cannot be read: the match they are in fits nothing. */
export const httpRouteGroups: Attachable<HttpRouteGroup> = {
  targets: () => [],
  claims: ({ spec }) => ({
    events: spec.matches.flatMap((match, index) =>
      patternsOf(match).flatMap(({ path, text, anchor }): EventClaim | [] => {
        const read = readPattern(text, anchor);
        if (!isPatternFault(read)) return [];
        const message = `${JSON.stringify(text)}: ${read.message}, at ${read.at}: match ${match.name} fits nothing.`;
        const at = ["spec", "matches", index, ...path];
        return { type: "Warning", reason: "InvalidRegex", message, path: at };
      }),
    ),
  }),
};

export interface GroupPattern {
  /** Below the match. */
  readonly path: Path;
  readonly text: string;
  readonly anchor: "full" | "start";
}

/** The regular expressions of a match: a path begins with its own, a header's whole value fits it (smi.md D4). */
export function patternsOf({
  pathRegex,
  headers = [],
}: HttpRouteGroupMatch): readonly GroupPattern[] {
  const ofPath: GroupPattern[] =
    pathRegex === undefined ? [] : [{ path: ["pathRegex"], text: pathRegex, anchor: "start" }];
  const ofHeaders = headers.flatMap((header, index) =>
    Object.entries(header).map(
      ([name, text]): GroupPattern => ({ path: ["headers", index, name], text, anchor: "full" }),
    ),
  );
  return [...ofPath, ...ofHeaders];
}

/** One for each method; none where a pattern cannot be read. */
function matchDocs(match: HttpRouteGroupMatch): readonly LooseMatch[] {
  const isReadable = patternsOf(match).every(
    ({ text, anchor }) => !isPatternFault(readPattern(text, anchor)),
  );
  if (!isReadable) return [];
  const { pathRegex, methods = [], headers = [] } = match;
  const isAny = methods.length === 0 || methods.includes("*");
  const asked: readonly (string | null)[] = isAny ? [null] : [...new Set(methods)];
  return asked.map((method) => ({
    path:
      pathRegex === undefined
        ? { type: "prefix", value: "/" }
        : { type: "regex-prefix", value: pathRegex },
    method,
    headers: headers.flatMap((header) =>
      Object.entries(header).map(([name, value]) => ({
        name: name.toLowerCase(),
        type: "regex" as const,
        value,
      })),
    ),
    query: [],
  }));
}
