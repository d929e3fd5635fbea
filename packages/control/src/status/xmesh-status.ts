import {
  supportedFeatures,
  type XMesh,
  type XMeshStatus,
} from "@heddle/mesh/resource/gateway-api/xmesh.ts";
import { conditionsOf } from "./conditions.ts";

/** What is said of an XMesh of our controller: which mesh it is, and what of the Gateway API it does, by name in order. */
export function xMeshStatus(mesh: XMesh, trustDomain: string, now: string): XMeshStatus {
  const isOurs = mesh.spec.parametersRef === undefined;
  const type = "Accepted";
  const claim = isOurs
    ? {
        type,
        status: "True" as const,
        reason: "Accepted",
        message: `It is heddle's mesh with trust domain ${trustDomain}.`,
      }
    : {
        type,
        status: "False" as const,
        reason: "InvalidParameters",
        message: "heddle reads no parameters: spec.parametersRef must be absent.",
      };
  const generation = mesh.metadata.generation ?? 0;
  return {
    conditions: conditionsOf([claim], mesh.status?.conditions, generation, now),
    supportedFeatures: supportedFeatures.toSorted().map((name) => ({ name })),
  };
}
