import { buildKind } from "../kind.ts";
import type { ResourceOf } from "../meta.ts";
import { apiGroup, dnsLabel, kindName, objectName } from "../schema/formats.ts";
import { list, object, required, type TypeOf } from "../schema/schema.ts";
import { gatewayGroup } from "./reference.ts";

const from = object({
  group: required(apiGroup),
  kind: required(kindName),
  namespace: required(dnsLabel),
});

const to = object({
  group: required(apiGroup),
  kind: required(kindName),
  /** Default: all of that kind. */
  name: objectName,
});

/** `gateway.networking.k8s.io ReferenceGrantSpec`, whole. */
export const referenceGrantSpec = object({
  from: required(list(from, { minItems: 1, maxItems: 16 })),
  to: required(list(to, { minItems: 1, maxItems: 16 })),
});

export type ReferenceGrantSpec = TypeOf<typeof referenceGrantSpec>;
export type ReferenceGrant = ResourceOf<"ReferenceGrant", ReferenceGrantSpec, unknown>;

/** Who from other namespaces may point at what in this one. Within the mesh nobody needs one (GEP-1294). */
export const referenceGrantKind = buildKind({
  group: gatewayGroup,
  version: "v1",
  kind: "ReferenceGrant",
  plural: "referencegrants",
  shortNames: ["refgrant"],
  isNamespaced: true,
  served: [{ version: "v1beta1" }],
  spec: referenceGrantSpec,
  status: null,
  columns: [
    {
      name: "FROM",
      type: "text",
      value: (resource) =>
        (resource.spec as Partial<ReferenceGrantSpec>).from
          ?.map(({ kind, namespace }) => `${kind}/${namespace}`)
          .join(",") ?? null,
    },
    {
      name: "TO",
      type: "text",
      value: (resource) =>
        (resource.spec as Partial<ReferenceGrantSpec>).to
          ?.map(({ kind, name }) => (name === undefined ? kind : `${kind}/${name}`))
          .join(",") ?? null,
    },
  ],
});
