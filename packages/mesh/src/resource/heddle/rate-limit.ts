import { buildKind } from "../kind.ts";
import { conditions, type Resource, type ResourceOf } from "../meta.ts";
import { headerName } from "../schema/formats.ts";
import {
  boolean,
  defaulted,
  integer,
  list,
  object,
  oneOf,
  required,
  type TypeOf,
} from "../schema/schema.ts";
import { heddleGroup, heddleVersion } from "./group.ts";
import { someTime, spiffeId } from "./policy-formats.ts";
import { policyTargetNames, policyTargets } from "./policy-target.ts";

/** A bucket for each of what is told apart: exactly one of these. */
const by = object(
  {
    /** Each caller's identity, as its certificate proves it. */
    identity: boolean(),
    /** Each value of this field; those without it share one. */
    header: headerName,
  },
  ({ identity, header }, problems) => {
    if ((identity === undefined) === (header === undefined)) {
      problems.add("expected one of identity, header");
    }
    if (identity === false) problems.add("expected true", "identity");
  },
);

const limit = object({
  /** So many requests per so long. */
  requests: required(integer({ minimum: 1, maximum: 100_000_000 })),
  per: defaulted(someTime, "1s"),
  /** What may come at once. Default: `requests`. */
  burst: integer({ minimum: 1, maximum: 100_000_000 }),
  /** Default: one bucket for all. */
  by,
  /** Callers that it holds for; default: all. */
  identities: list(spiffeId, { minItems: 1, maxItems: 64, uniqueBy: [] }),
  /** `service`: each ready replica grants its part, so that all together keep it. `replica`: each grants all of it. */
  scope: defaulted(oneOf("service", "replica"), "service"),
});

export const rateLimitSpec = object({
  targetRefs: policyTargets,
  /** All of them must let a request in. */
  limits: required(list(limit, { minItems: 1, maxItems: 16 })),
});

const rateLimitStatus = object({ conditions });

export type RateLimitRule = TypeOf<typeof limit>;
export type RateLimitSpec = TypeOf<typeof rateLimitSpec>;
export type RateLimit = ResourceOf<"RateLimit", RateLimitSpec, TypeOf<typeof rateLimitStatus>>;

/**
 * `heddle.dev RateLimit`: how many requests a service takes in. Enforced by the proxies beside its processes; said of a route, by those
 * of its backends, for requests that came by the route.
 */
export const rateLimitKind = buildKind({
  group: heddleGroup,
  version: heddleVersion,
  kind: "RateLimit",
  plural: "ratelimits",
  isNamespaced: true,
  spec: rateLimitSpec,
  status: rateLimitStatus,
  columns: [
    { name: "TARGET", type: "text", value: policyTargetNames },
    { name: "LIMITS", type: "text", value: (one) => limitsOf(specOf(one)) },
  ],
});

function limitsOf({ limits }: Partial<RateLimitSpec>): string | null {
  return limits?.map(limitOf).join(", ") ?? null;
}

/** `100/1s by identity`. */
function limitOf({ requests, per = "1s", by: apart, scope }: RateLimitRule): string {
  const of = apart === undefined ? "" : ` by ${apart.header ?? "identity"}`;
  return `${requests}/${per}${of}${scope === "replica" ? " a replica" : ""}`;
}

function specOf(resource: Resource): RateLimitSpec {
  return resource.spec as RateLimitSpec;
}
