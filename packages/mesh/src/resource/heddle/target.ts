import { objectName } from "../schema/formats.ts";
import { defaulted, list, object, oneOf, required } from "../schema/schema.ts";

/** `targetRefs` of a kind that is about Services of its own namespace (GEP-713). */
export const serviceTargets = required(
  list(
    object({
      group: defaulted(oneOf(""), ""),
      kind: required(oneOf("Service")),
      name: required(objectName),
    }),
    { minItems: 1, maxItems: 16, uniqueBy: ["name"] },
  ),
);

/** As a column shows them. */
export function targetNames(spec: {
  readonly targetRefs: readonly { readonly name: string }[];
}): string {
  return spec.targetRefs.map(({ name }) => name).join(",");
}
