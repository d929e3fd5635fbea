import { buildKind } from "../kind.ts";
import { conditions, type ResourceOf } from "../meta.ts";
import { controllerName } from "../schema/formats.ts";
import { inert, list, object, required, type TypeOf, text } from "../schema/schema.ts";
import { gatewayGroup, objectReference } from "./reference.ts";

/** The controller that acts on our Gateways and routes, in GatewayClasses and statuses. */
export const heddleController = "heddle.dev/gateway-controller";

/** The class that is there from the start. */
export const heddleGatewayClass = "heddle";

export const gatewayClassSpec = object({
  controllerName: required(controllerName),
  parametersRef: inert(objectReference),
  description: text({ maxLength: 64 }),
});

const gatewayClassStatus = object({
  conditions,
  supportedFeatures: list(object({ name: required(text()) }), { maxItems: 64, uniqueBy: ["name"] }),
});

export type GatewayClassSpec = TypeOf<typeof gatewayClassSpec>;
export type GatewayClass = ResourceOf<
  "GatewayClass",
  GatewayClassSpec,
  TypeOf<typeof gatewayClassStatus>
>;

export const gatewayClassKind = buildKind({
  group: gatewayGroup,
  version: "v1",
  served: [{ version: "v1beta1" }],
  kind: "GatewayClass",
  plural: "gatewayclasses",
  shortNames: ["gc"],
  isNamespaced: false,
  spec: gatewayClassSpec,
  status: gatewayClassStatus,
  columns: [
    {
      name: "CONTROLLER",
      type: "text",
      value: (resource) => (resource as GatewayClass).spec.controllerName,
    },
    {
      name: "ACCEPTED",
      type: "text",
      value: (resource) =>
        (resource as GatewayClass).status?.conditions?.find(({ type }) => type === "Accepted")
          ?.status ?? null,
    },
  ],
});

/** The class `heddle`, as the control plane creates it at its first start. */
export const builtInGatewayClass: GatewayClass = {
  apiVersion: `${gatewayGroup}/v1`,
  kind: "GatewayClass",
  metadata: { name: heddleGatewayClass },
  spec: { controllerName: heddleController, description: "Gateways run by heddle." },
};
