import { inputsOf, type MeshInputs } from "@heddle/mesh/resource/compile.ts";
import { builtInGatewayClass } from "@heddle/mesh/resource/gateway-api/gatewayclass.ts";
import type { KnownResource } from "@heddle/mesh/resource/index.ts";

/** Resources as the compiler takes them, with what is there from the start. The last of a name counts. */
export function meshInputs(resources: readonly KnownResource[]): MeshInputs {
  return inputsOf([builtInGatewayClass, ...resources]);
}
