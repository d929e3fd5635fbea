import { conditions } from "../meta.ts";
import { controllerName } from "../schema/formats.ts";
import { list, object, required, type TypeOf } from "../schema/schema.ts";
import { parentReference } from "./reference.ts";

/** `PolicyStatus` of the Gateway API: what each controller says of each target (GEP-713). */
export const policyStatus = object({
  ancestors: required(
    list(
      object({
        ancestorRef: required(parentReference),
        controllerName: required(controllerName),
        conditions: required({ ...conditions, minItems: 1 }),
      }),
      { maxItems: 16 },
    ),
  ),
});

export type PolicyStatus = TypeOf<typeof policyStatus>;

/** What it is about, as a column shows it. */
export function targetsColumn() {
  return {
    name: "TARGETS",
    type: "text",
    value: ({ spec }: { readonly spec?: unknown }) => {
      const { targetRefs } = (spec ?? {}) as {
        readonly targetRefs?: readonly { readonly kind: string; readonly name: string }[];
      };
      return targetRefs?.map(({ kind, name }) => `${kind}/${name}`).join(",") ?? null;
    },
  } as const;
}
