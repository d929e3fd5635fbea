import { buildKind } from "../kind.ts";
import { conditions, type Resource, type ResourceOf } from "../meta.ts";
import { headerName } from "../schema/formats.ts";
import {
  boolean,
  defaulted,
  integer,
  object,
  oneOf,
  required,
  type TypeOf,
  text,
} from "../schema/schema.ts";
import { heddleGroup, heddleVersion } from "./group.ts";
import { serviceTargets, targetNames } from "./target.ts";

/** Where a request carries its key: exactly one of the first five. */
const placementKey = object(
  {
    /** Of the path as the process sees it; 1 is the first. */
    pathSegment: integer({ minimum: 1, maximum: 64 }),
    header: headerName,
    /** The first value of this query parameter. */
    query: text({ minLength: 1, maxLength: 256 }),
    /** The caller's workload. */
    source: boolean(),
    /** The caller's identity: one for all workloads of a service account. */
    identity: boolean(),
    /** `integer`: 7, 007 and %37 are one key. */
    type: defaulted(oneOf("integer", "text"), "text"),
  },
  (key, problems) => {
    const ways = [key.pathSegment, key.header, key.query, key.source, key.identity];
    if (ways.filter((way) => way !== undefined).length !== 1) {
      problems.add("expected one of pathSegment, header, query, source, identity");
    }
    if (key.source === false) problems.add("expected true", "source");
    if (key.identity === false) problems.add("expected true", "identity");
    if ((key.source || key.identity) && key.type === "integer") {
      problems.add("a caller is text, not an integer", "type");
    }
  },
);

export const placementSpec = object({
  targetRefs: serviceTargets,
  key: required(placementKey),
  /** Keys are hashed to so many slots, slots are given to processes. Another count moves nearly every key. */
  slots: defaulted(integer({ minimum: 1, maximum: 65_536 }), 1024),
  /** While a key's process is away: `wait` up to 2 s, then 503; `refuse` at once; `move` to another process. */
  whenAway: defaulted(oneOf("wait", "refuse", "move"), "wait"),
});

const placementStatus = object({ conditions });

export type PlacementSpec = TypeOf<typeof placementSpec>;
export type Placement = ResourceOf<"Placement", PlacementSpec, TypeOf<typeof placementStatus>>;

/** `heddle.dev Placement`: requests with the same key go to the same process. */
export const placementKind = buildKind({
  group: heddleGroup,
  version: heddleVersion,
  kind: "Placement",
  plural: "placements",
  isNamespaced: true,
  spec: placementSpec,
  status: placementStatus,
  columns: [
    { name: "TARGET", type: "text", value: (resource) => targetNames(specOf(resource)) },
    { name: "KEY", type: "text", value: (resource) => describeKey(specOf(resource).key) },
    { name: "WHEN-AWAY", type: "text", value: (resource) => specOf(resource).whenAway ?? "wait" },
  ],
});

/** `path segment 1`, `header x-user`, `query id`, `source`, `identity`. */
export function describeKey(key: PlacementSpec["key"]): string {
  if (key.pathSegment !== undefined) return `path segment ${key.pathSegment}`;
  if (key.header !== undefined) return `header ${key.header}`;
  if (key.query !== undefined) return `query ${key.query}`;
  return key.source === true ? "source" : "identity";
}

function specOf(resource: Resource): PlacementSpec {
  return resource.spec as PlacementSpec;
}
