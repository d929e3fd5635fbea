import { dnsSubdomain } from "../schema/formats.ts";
import { defaulted, integer, list, object, required } from "../schema/schema.ts";
import {
  backendReferenceFields,
  needsPort,
  parentReference,
  useDefaultGateways,
} from "./reference.ts";
import { checkParents } from "./route-rules.ts";

const backendRef = object(
  { ...backendReferenceFields, weight: defaulted(integer({ minimum: 0, maximum: 1_000_000 }), 1) },
  needsPort,
);

const rule = object({
  name: dnsSubdomain,
  backendRefs: required(list(backendRef, { minItems: 1, maxItems: 16 })),
});

/** The spec of a route that looks at nothing of what it carries. */
export const octetRouteFields = {
  parentRefs: list(parentReference, { maxItems: 32 }, checkParents),
  rules: required(list(rule, { minItems: 1, maxItems: 1 })),
  useDefaultGateways,
} as const;
