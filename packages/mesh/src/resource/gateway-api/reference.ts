import type { Column } from "../kind.ts";
import {
  apiGroup,
  dnsLabel,
  dnsSubdomain,
  kindName,
  objectName,
  portNumber,
} from "../schema/formats.ts";
import { defaulted, inert, object, oneOf, required, type TypeOf } from "../schema/schema.ts";

/** How Gateway API resources point at others. Absent namespaces are the pointing resource's own. */

export const gatewayGroup = "gateway.networking.k8s.io";

/** What a route attaches to: a Gateway, or with group "" and kind Service the service itself (GAMMA). */
export const parentReference = object({
  group: defaulted(apiGroup, gatewayGroup),
  kind: defaulted(kindName, "Gateway"),
  namespace: dnsLabel,
  name: required(objectName),
  /** A Gateway's listener, or a Service's port, by name. */
  sectionName: dnsSubdomain,
  port: portNumber,
});

const backendFields = {
  group: defaulted(apiGroup, ""),
  kind: defaulted(kindName, "Service"),
  name: required(objectName),
  namespace: dnsLabel,
  port: portNumber,
} as const;

/** The fields of a reference to a backend; the rule `needsPort` belongs to it. */
export const backendReferenceFields = backendFields;

export const backendReference = object(backendFields, needsPort);

export const secretReference = object({
  group: defaulted(apiGroup, ""),
  kind: defaulted(kindName, "Secret"),
  name: required(objectName),
  namespace: dnsLabel,
});

/** An object anywhere, of a group and kind that are always given. */
export const objectReference = object({
  group: required(apiGroup),
  kind: required(kindName),
  name: required(objectName),
  namespace: dnsLabel,
});

export const localReference = object({
  group: required(apiGroup),
  kind: required(kindName),
  name: required(objectName),
});

export type ParentReference = TypeOf<typeof parentReference>;

/** Is it a Service of Kubernetes' core? `core` is how some manuals write the empty group. */
export function isService(reference: { readonly group?: string; readonly kind?: string }): boolean {
  const { group = "", kind = "Service" } = reference;
  return (group === "" || group === "core") && kind === "Service";
}

/** Does a route's parentRef mean a Service? Its group and kind must be given, since their defaults mean a Gateway. */
export function isServiceParent({ group, kind }: ParentReference): boolean {
  return group !== undefined && kind !== undefined && isService({ group, kind });
}

export function needsPort(
  reference: { readonly group?: string; readonly kind?: string; readonly port?: number },
  problems: { add(message: string, ...below: (string | number)[]): void },
): void {
  const { group = "", kind = "Service" } = reference;
  const isService = group === "" && kind === "Service";
  if (isService && reference.port === undefined) problems.add("required for a Service", "port");
}

/** Routes attach to the Gateways that are named, and to none by default (GEP-3793). */
export const useDefaultGateways = inert(oneOf("All", "None"));

/** What a route is attached to, in a wide table. */
export const parentsColumn: Column = {
  name: "PARENTS",
  type: "text",
  isWide: true,
  value: ({ spec }) => {
    const { parentRefs } = (spec ?? {}) as { readonly parentRefs?: readonly ParentReference[] };
    return parentRefs?.map(({ kind = "Gateway", name }) => `${kind}/${name}`).join(",") ?? null;
  },
};
