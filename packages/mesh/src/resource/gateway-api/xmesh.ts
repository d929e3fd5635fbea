import { buildKind } from "../kind.ts";
import { conditions, type ResourceOf } from "../meta.ts";
import { controllerName } from "../schema/formats.ts";
import { inert, list, object, required, type TypeOf, text } from "../schema/schema.ts";
import { heddleController } from "./gatewayclass.ts";
import { objectReference } from "./reference.ts";
import { experimentalGroup } from "./xbackendtrafficpolicy.ts";

/** Our controller's name for meshes is that for Gateways: one program does both. */
export const heddleMeshName = "heddle";

/** `gateway.networking.x-k8s.io/v1alpha1 XMeshSpec`, whole (GEP-3949). */
export const xMeshSpec = object({
  controllerName: required(controllerName),
  description: text({ maxLength: 64 }),
  parametersRef: inert(objectReference),
});

const xMeshStatus = object({
  conditions,
  supportedFeatures: list(object({ name: required(text()) }), { maxItems: 64, uniqueBy: ["name"] }),
});

export type XMeshSpec = TypeOf<typeof xMeshSpec>;
export type XMeshStatus = TypeOf<typeof xMeshStatus>;
export type XMesh = ResourceOf<"XMesh", XMeshSpec, XMeshStatus>;

/** That there is a mesh, and what of the Gateway API it does. */
export const xMeshKind = buildKind({
  group: experimentalGroup,
  version: "v1alpha1",
  kind: "XMesh",
  plural: "xmeshes",
  isNamespaced: false,
  spec: xMeshSpec,
  status: xMeshStatus,
  columns: [
    {
      name: "CONTROLLER",
      type: "text",
      value: (resource) => (resource as XMesh).spec.controllerName,
    },
    {
      name: "ACCEPTED",
      type: "text",
      value: (resource) =>
        (resource as XMesh).status?.conditions?.find(({ type }) => type === "Accepted")?.status ??
        null,
    },
  ],
});

/** The XMesh that the control plane creates at its first start; whoever changes it afterwards is left alone. */
export const builtInXMesh: XMesh = {
  apiVersion: `${experimentalGroup}/v1alpha1`,
  kind: "XMesh",
  metadata: { name: heddleMeshName },
  spec: { controllerName: heddleController },
};

/** Features as the conformance suite calls them: core and extended of the profiles MESH-HTTP and MESH-GRPC, and more. */
export const supportedFeatures: readonly string[] = [
  "GRPCRoute",
  "GRPCRouteNamedRouteRule",
  "HTTPRoute",
  "HTTPRoute303RedirectStatusCode",
  "HTTPRoute307RedirectStatusCode",
  "HTTPRoute308RedirectStatusCode",
  "HTTPRouteBackendProtocolH2C",
  "HTTPRouteBackendProtocolWebSocket",
  "HTTPRouteBackendRequestHeaderModification",
  "HTTPRouteBackendTimeout",
  "HTTPRouteCORS",
  "HTTPRouteHostRewrite",
  "HTTPRouteMethodMatching",
  "HTTPRouteNamedRouteRule",
  "HTTPRouteParentRefPort",
  "HTTPRoutePathRedirect",
  "HTTPRoutePathRewrite",
  "HTTPRoutePortRedirect",
  "HTTPRouteQueryParamMatching",
  "HTTPRouteRequestMirror",
  "HTTPRouteRequestMultipleMirrors",
  "HTTPRouteRequestPercentageMirror",
  "HTTPRouteRequestTimeout",
  "HTTPRouteResponseHeaderModification",
  "HTTPRouteSchemeRedirect",
  "Mesh",
  "MeshClusterIPMatching",
  "MeshConsumerRoute",
  "MeshHTTPRouteBackendRequestHeaderModification",
  "MeshHTTPRouteNamedRouteRule",
  "MeshHTTPRouteQueryParamMatching",
  "MeshHTTPRouteRedirectPath",
  "MeshHTTPRouteRedirectPort",
  "MeshHTTPRouteRewritePath",
  "MeshHTTPRouteSchemeRedirect",
];
