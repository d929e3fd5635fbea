import {
  type GatewayClass,
  heddleController,
  heddleGatewayClass,
} from "../gateway-api/gatewayclass.ts";

/** Are Gateways of this class ours? The class `heddle` is there even where nobody made it. */
export function isOurClass(name: string, classes: ReadonlyMap<string, GatewayClass>): boolean {
  const found = classes.get(name);
  return found === undefined
    ? name === heddleGatewayClass
    : found.spec.controllerName === heddleController;
}
