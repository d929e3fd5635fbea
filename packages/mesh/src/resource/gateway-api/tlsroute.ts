import { buildKind } from "../kind.ts";
import type { ResourceOf } from "../meta.ts";
import { dnsSubdomain, hostname } from "../schema/formats.ts";
import { isIpAddress } from "../schema/ip.ts";
import { defaulted, integer, list, object, required, type TypeOf } from "../schema/schema.ts";
import { routeStatus } from "./httproute.ts";
import {
  backendReferenceFields,
  gatewayGroup,
  needsPort,
  parentReference,
  parentsColumn,
  useDefaultGateways,
} from "./reference.ts";
import { checkParents } from "./route-rules.ts";

const backendRef = object(
  { ...backendReferenceFields, weight: defaulted(integer({ minimum: 0, maximum: 1_000_000 }), 1) },
  needsPort,
);

const rule = object({
  name: dnsSubdomain,
  backendRefs: required(list(backendRef, { minItems: 1, maxItems: 16 })),
});

/** `gateway.networking.k8s.io/v1 TLSRouteSpec`, experimental channel, whole. */
export const tlsRouteSpec = object({
  parentRefs: list(parentReference, { maxItems: 32 }, checkParents),
  /** Server names of ClientHellos (RFC 6066 §3), which are never addresses. */
  hostnames: required(
    list(hostname, { minItems: 1, maxItems: 1024 }, (names, problems) => {
      names.forEach((name, index) => {
        if (isIpAddress(name)) problems.add("expected a host name, not an IP address", index);
      });
    }),
  ),
  rules: required(list(rule, { minItems: 1, maxItems: 1 })),
  useDefaultGateways,
});

export type TlsRouteSpec = TypeOf<typeof tlsRouteSpec>;
export type TlsRoute = ResourceOf<"TLSRoute", TlsRouteSpec, TypeOf<typeof routeStatus>>;

/** Where connections go by the server name that their ClientHello asks for; nobody on the way reads more of them. */
export const tlsRouteKind = buildKind({
  group: gatewayGroup,
  version: "v1",
  kind: "TLSRoute",
  plural: "tlsroutes",
  isNamespaced: true,
  served: [{ version: "v1alpha3" }, { version: "v1alpha2" }],
  spec: tlsRouteSpec,
  status: routeStatus,
  columns: [
    {
      name: "HOSTNAMES",
      type: "text",
      value: (resource) => (resource.spec as Partial<TlsRouteSpec>).hostnames?.join(",") ?? null,
    },
    parentsColumn,
  ],
});
