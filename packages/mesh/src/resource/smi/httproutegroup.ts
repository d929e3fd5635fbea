import { buildKind, type Fields } from "../kind.ts";
import type { ResourceOf } from "../meta.ts";
import { headerName } from "../schema/formats.ts";
import type { Problems } from "../schema/problem.ts";
import {
  type AnySchema,
  list,
  object,
  oneOf,
  required,
  type Typed,
  type TypeOf,
  text,
} from "../schema/schema.ts";
import { isAbsent, isRecord, validate } from "../schema/validate.ts";
import { smiVersion, specsGroup } from "./group.ts";

/** One header's pattern each; the specification's text writes one map of all, its CRD this. Kept as the latter. */
export type HeaderPatterns = readonly Readonly<Record<string, string>>[];

const headers: Typed<HeaderPatterns, AnySchema> = { type: "any", rules: [checkHeaders] };

const match = object({
  /** What a TrafficTarget's rule calls it. */
  name: required(text({ minLength: 1 })),
  /** A regular expression that the path begins with. Absent: any path. */
  pathRegex: text({ maxLength: 1024 }),
  /** Absent, or with `*`: all. */
  methods: list(
    oneOf("*", "GET", "HEAD", "PUT", "POST", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"),
  ),
  /** By name, a regular expression that the whole value fits; all of them must. Absent: any. */
  headers,
});

const matches = list(match, { uniqueBy: ["name"] });

export type HttpRouteGroupMatch = TypeOf<typeof match>;
export type HttpRouteGroupSpec = { readonly matches: readonly HttpRouteGroupMatch[] };
export type HttpRouteGroup = ResourceOf<"HTTPRouteGroup", HttpRouteGroupSpec, never>;

/**
 * `specs.smi-spec.io HTTPRouteGroup`: requests by path, method and headers, for TrafficSplits to pick. In versions before
 * v1alpha3 `matches` is a field of the object itself, and so the specification's examples write it in later ones, too.
 */
export const httpRouteGroupKind = buildKind({
  group: specsGroup,
  version: smiVersion,
  kind: "HTTPRouteGroup",
  plural: "httproutegroups",
  shortNames: ["htr"],
  isNamespaced: true,
  spec: null,
  fields: { spec: object({ matches: required(matches) }), matches },
  status: null,
  rules: [saysMatchesOnce],
  normalise,
  columns: [{ name: "MATCHES", type: "text", value: ({ spec }) => namesOf(spec) }],
  served: [
    { version: "v1alpha3" },
    { version: "v1alpha2", fields: { matches: required(matches) }, fromStored: atTop },
    { version: "v1alpha1", fields: { matches: required(matches) }, fromStored: atTop },
  ],
});

function saysMatchesOnce(object: Fields, problems: Problems): void {
  const isBelow = !isAbsent(object["spec"]);
  const isAbove = !isAbsent(object["matches"]);
  if (isBelow && isAbove) problems.add("is there already, in spec", "matches");
  if (!isBelow && !isAbove) problems.add("required", "spec");
}

function atTop({ spec, ...rest }: Fields): Fields {
  return { ...rest, ...(spec as HttpRouteGroupSpec) };
}

function normalise({ matches: top, spec, ...rest }: Fields): Fields {
  const given = ((spec as HttpRouteGroupSpec | undefined)?.matches ?? top) as HttpRouteGroupMatch[];
  return { ...rest, spec: { matches: given.map(withHeaderList) } };
}

function withHeaderList(match: HttpRouteGroupMatch): HttpRouteGroupMatch {
  if (match.headers === undefined) return match;
  const maps = Array.isArray(match.headers) ? match.headers : [match.headers];
  const each = maps.flatMap((map) => Object.entries(map as Record<string, string>));
  return { ...match, headers: each.map(([name, pattern]) => ({ [name]: pattern })) };
}

function checkHeaders(value: unknown, problems: Problems): void {
  if (isRecord(value)) checkHeaderMap(value, problems);
  else if (Array.isArray(value)) {
    value.forEach((item, index) => {
      if (isRecord(item)) checkHeaderMap(item, problems.at(index));
      else problems.add("expected a header name and its pattern", index);
    });
  } else problems.add("expected header names and their patterns");
}

function checkHeaderMap(map: Readonly<Record<string, unknown>>, problems: Problems): void {
  for (const [name, pattern] of Object.entries(map)) {
    validate(headerName, name, problems.at(name));
    if (typeof pattern !== "string") problems.add("expected a pattern, as text", name);
    else if (pattern.length > 4096) problems.add("expected at most 4096 characters", name);
  }
}

function namesOf(spec: unknown): string | null {
  const { matches = [] } = (spec ?? {}) as Partial<HttpRouteGroupSpec>;
  return matches.length === 0 ? null : matches.map(({ name }) => name).join(",");
}
