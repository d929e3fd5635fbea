import { buildKind } from "../kind.ts";
import type { ResourceOf } from "../meta.ts";
import { dnsSubdomain, headerName, hostname } from "../schema/formats.ts";
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
import { checkFieldOfType, checkRepeats, headerModifier, mirror } from "./filter.ts";
import { routeStatus } from "./httproute.ts";
import {
  backendReferenceFields,
  gatewayGroup,
  localReference,
  needsPort,
  parentReference,
  parentsColumn,
  useDefaultGateways,
} from "./reference.ts";
import { checkMatches, checkParents, checkRuleNames } from "./route-rules.ts";
import { sessionPersistence } from "./session-persistence.ts";

const matchType = defaulted(oneOf("Exact", "RegularExpression"), "Exact");

const methodMatch = object(
  { type: matchType, service: text({ maxLength: 1024 }), method: text({ maxLength: 1024 }) },
  ({ type = "Exact", service, method }, problems) => {
    if (service === undefined && method === undefined) {
      problems.add("expected service, method or both");
    }
    if (type !== "Exact") return;
    if (service !== undefined && !/^\.?[a-z_][a-z_0-9]*(\.[a-z_][a-z_0-9]*)*$/i.test(service)) {
      problems.add("expected a service such as shop.v1.Cart", "service");
    }
    if (method !== undefined && !/^[A-Za-z_][A-Za-z_0-9]*$/.test(method)) {
      problems.add("expected a method such as Get", "method");
    }
  },
);

const match = object({
  method: methodMatch,
  headers: list(
    object({
      type: matchType,
      name: required(headerName),
      value: required(text({ minLength: 1, maxLength: 4096 })),
    }),
    { maxItems: 16, uniqueBy: ["name"] },
  ),
});

const fieldOfType = {
  RequestHeaderModifier: "requestHeaderModifier",
  ResponseHeaderModifier: "responseHeaderModifier",
  RequestMirror: "requestMirror",
  ExtensionRef: "extensionRef",
} as const;

const filter = object(
  {
    type: required(
      oneOf("RequestHeaderModifier", "ResponseHeaderModifier", "RequestMirror", "ExtensionRef"),
    ),
    requestHeaderModifier: headerModifier,
    responseHeaderModifier: headerModifier,
    requestMirror: mirror,
    extensionRef: localReference,
  },
  (value, problems) => checkFieldOfType(fieldOfType, value, problems),
);

const filters = list(filter, { maxItems: 16 }, checkRepeats);

const backendRef = object(
  {
    ...backendReferenceFields,
    weight: defaulted(integer({ minimum: 0, maximum: 1_000_000 }), 1),
    filters,
  },
  needsPort,
);

const rule = object({
  name: dnsSubdomain,
  matches: list(match, { maxItems: 64 }),
  filters,
  backendRefs: list(backendRef, { maxItems: 16 }),
  sessionPersistence,
});

/** `gateway.networking.k8s.io/v1 GRPCRouteSpec`, experimental channel, whole. */
export const grpcRouteSpec = object({
  parentRefs: list(parentReference, { maxItems: 32 }, checkParents),
  hostnames: list(hostname, { maxItems: 16 }),
  rules: list(rule, { maxItems: 16 }, checkMatches, checkRuleNames),
  useDefaultGateways,
});

export type GrpcRouteRule = TypeOf<typeof rule>;
export type GrpcRouteMatch = TypeOf<typeof match>;
export type GrpcRouteSpec = TypeOf<typeof grpcRouteSpec>;
export type GrpcRoute = ResourceOf<"GRPCRoute", GrpcRouteSpec, TypeOf<typeof routeStatus>>;

/** Where calls of gRPC go by service, method and metadata. */
export const grpcRouteKind = buildKind({
  group: gatewayGroup,
  version: "v1",
  kind: "GRPCRoute",
  plural: "grpcroutes",
  isNamespaced: true,
  spec: grpcRouteSpec,
  status: routeStatus,
  columns: [
    {
      name: "HOSTNAMES",
      type: "text",
      value: (resource) => (resource.spec as Partial<GrpcRouteSpec>).hostnames?.join(",") ?? null,
    },
    parentsColumn,
  ],
});
