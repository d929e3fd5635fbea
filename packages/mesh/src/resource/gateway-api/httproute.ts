import { buildKind } from "../kind.ts";
import { conditions, type ResourceOf } from "../meta.ts";
import {
  controllerName,
  dnsSubdomain,
  duration,
  headerName,
  hostname,
  parseDurationMs,
} from "../schema/formats.ts";
import {
  defaulted,
  integer,
  list,
  object,
  oneOf,
  required,
  type TypeOf,
  text,
} from "../schema/schema.ts";
import { filters } from "./filter.ts";
import { pathMatch } from "./path-match.ts";
import {
  backendReferenceFields,
  gatewayGroup,
  needsPort,
  parentReference,
  parentsColumn,
  useDefaultGateways,
} from "./reference.ts";
import {
  checkMatches,
  checkParents,
  checkPrefixRewrite,
  checkRedirect,
  checkRuleNames,
} from "./route-rules.ts";
import { sessionPersistence } from "./session-persistence.ts";

const valueMatchType = defaulted(oneOf("Exact", "RegularExpression"), "Exact");

const match = object({
  path: defaulted(pathMatch, { type: "PathPrefix", value: "/" }),
  headers: list(
    object({
      type: valueMatchType,
      name: required(headerName),
      value: required(text({ minLength: 1, maxLength: 4096 })),
    }),
    { maxItems: 16, uniqueBy: ["name"] },
  ),
  queryParams: list(
    object({
      type: valueMatchType,
      name: required(headerName),
      value: required(text({ minLength: 1, maxLength: 1024 })),
    }),
    { maxItems: 16, uniqueBy: ["name"] },
  ),
  method: oneOf("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"),
});

const backendRef = object(
  {
    ...backendReferenceFields,
    weight: defaulted(integer({ minimum: 0, maximum: 1_000_000 }), 1),
    filters,
  },
  needsPort,
);

const timeouts = object(
  { request: duration, backendRequest: duration },
  ({ request, backendRequest }, problems) => {
    if (request === undefined || backendRequest === undefined) return;
    const requestMs = parseDurationMs(request) ?? 0;
    if (requestMs !== 0 && (parseDurationMs(backendRequest) ?? 0) > requestMs) {
      problems.add(`expected <= request, ${request}`, "backendRequest");
    }
  },
);

/** GEP-1731. */
const retry = object({
  codes: list(integer({ minimum: 400, maximum: 599 }), { uniqueBy: [] }),
  /** Retries, not tries. */
  attempts: integer({ minimum: 1 }),
  backoff: duration,
});

const rule = object(
  {
    name: dnsSubdomain,
    matches: defaulted(list(match, { maxItems: 64 }), [
      { path: { type: "PathPrefix", value: "/" } },
    ]),
    filters,
    backendRefs: list(backendRef, { maxItems: 16 }),
    timeouts,
    retry,
    sessionPersistence,
  },
  checkRedirect,
  checkPrefixRewrite,
);

/** `gateway.networking.k8s.io/v1 HTTPRouteSpec`, experimental channel, whole. */
export const httpRouteSpec = object({
  parentRefs: list(parentReference, { maxItems: 32 }, checkParents),
  hostnames: list(hostname, { maxItems: 16 }),
  rules: defaulted(list(rule, { minItems: 1, maxItems: 16 }, checkMatches, checkRuleNames), [
    { matches: [{ path: { type: "PathPrefix", value: "/" } }] },
  ]),
  useDefaultGateways,
});

/** Status of a route of any kind. */
export const routeStatus = object({
  parents: required(
    list(
      object({
        parentRef: required(parentReference),
        controllerName: required(controllerName),
        conditions: required({ ...conditions, minItems: 1 }),
      }),
      { maxItems: 32 },
    ),
  ),
});

export type HttpRouteRule = TypeOf<typeof rule>;
export type HttpRouteMatch = TypeOf<typeof match>;
export type HttpBackendRef = TypeOf<typeof backendRef>;
export type HttpRouteSpec = TypeOf<typeof httpRouteSpec>;
export type RouteStatus = TypeOf<typeof routeStatus>;
export type HttpRoute = ResourceOf<"HTTPRoute", HttpRouteSpec, RouteStatus>;

export const httpRouteKind = buildKind({
  group: gatewayGroup,
  version: "v1",
  served: [{ version: "v1beta1" }],
  kind: "HTTPRoute",
  plural: "httproutes",
  isNamespaced: true,
  spec: httpRouteSpec,
  status: routeStatus,
  columns: [
    {
      name: "HOSTNAMES",
      type: "text",
      value: (resource) => (resource as HttpRoute).spec.hostnames?.join(",") ?? null,
    },
    parentsColumn,
  ],
});
