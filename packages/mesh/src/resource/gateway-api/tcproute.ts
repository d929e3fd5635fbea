import { buildKind } from "../kind.ts";
import type { ResourceOf } from "../meta.ts";
import { object, type TypeOf } from "../schema/schema.ts";
import { routeStatus } from "./httproute.ts";
import { octetRouteFields } from "./octet-route.ts";
import { gatewayGroup, parentsColumn } from "./reference.ts";

/** `gateway.networking.k8s.io/v1 TCPRouteSpec`, experimental channel, whole. */
export const tcpRouteSpec = object(octetRouteFields);

export type TcpRouteSpec = TypeOf<typeof tcpRouteSpec>;
export type TcpRoute = ResourceOf<"TCPRoute", TcpRouteSpec, TypeOf<typeof routeStatus>>;

/** Where connections of octets go. */
export const tcpRouteKind = buildKind({
  group: gatewayGroup,
  version: "v1",
  kind: "TCPRoute",
  plural: "tcproutes",
  isNamespaced: true,
  served: [{ version: "v1alpha2" }],
  spec: tcpRouteSpec,
  status: routeStatus,
  columns: [parentsColumn],
});
