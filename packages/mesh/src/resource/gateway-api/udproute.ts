import { buildKind } from "../kind.ts";
import type { ResourceOf } from "../meta.ts";
import { object, type TypeOf } from "../schema/schema.ts";
import { routeStatus } from "./httproute.ts";
import { octetRouteFields } from "./octet-route.ts";
import { gatewayGroup, parentsColumn } from "./reference.ts";

/** `gateway.networking.k8s.io/v1 UDPRouteSpec`, experimental channel, whole. */
export const udpRouteSpec = object(octetRouteFields);

export type UdpRouteSpec = TypeOf<typeof udpRouteSpec>;
export type UdpRoute = ResourceOf<"UDPRoute", UdpRouteSpec, TypeOf<typeof routeStatus>>;

/** Where datagrams go. heddle carries none yet, and says so. */
export const udpRouteKind = buildKind({
  group: gatewayGroup,
  version: "v1",
  kind: "UDPRoute",
  plural: "udproutes",
  isNamespaced: true,
  served: [{ version: "v1alpha2" }],
  spec: udpRouteSpec,
  status: routeStatus,
  columns: [parentsColumn],
});
