import { buildKind } from "../kind.ts";
import type { ResourceOf } from "../meta.ts";
import { boolean, map, text } from "../schema/schema.ts";

export interface ConfigMap extends ResourceOf<"ConfigMap", undefined, undefined> {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}

/** `v1 ConfigMap`. Of it heddle reads certificates of authorities alone, which BackendTLSPolicies point at. */
export const configMapKind = buildKind({
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  shortNames: ["cm"],
  isNamespaced: true,
  spec: null,
  fields: { data: map(text()), binaryData: map(text()), immutable: boolean() },
  status: null,
  columns: [
    {
      name: "DATA",
      type: "number",
      value: (resource) => {
        const { data = {}, binaryData = {} } = resource as ConfigMap;
        return Object.keys(data).length + Object.keys(binaryData).length;
      },
    },
  ],
});
