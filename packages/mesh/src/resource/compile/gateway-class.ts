import {
  type GatewayClass,
  heddleController,
  heddleGatewayClass,
} from "../gateway-api/gatewayclass.ts";

/** Are Gateways of this class ours? `found` null: nobody made it. The class `heddle` is there even so. */
export function isOurClass(name: string, found: GatewayClass | null): boolean {
  return found === null
    ? name === heddleGatewayClass
    : found.spec.controllerName === heddleController;
}
