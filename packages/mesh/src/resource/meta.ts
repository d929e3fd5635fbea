import { dnsLabel, labels, qualifiedName } from "./schema/formats.ts";
import {
  anything,
  boolean,
  integer,
  list,
  map,
  object,
  oneOf,
  required,
  type TextSchema,
  type Typed,
  type TypeOf,
  text,
} from "./schema/schema.ts";
import { validate } from "./schema/validate.ts";

interface MetadataOptions {
  readonly isNamespaced: boolean;
  /** Annotations that have a meaning for the kind, and what they may say. */
  readonly annotations: Readonly<Record<string, TextSchema>>;
}

/** `ObjectMeta` of Kubernetes; `name` is what the kind allows. */
export function metadata(
  name: Typed<string, TextSchema>,
  { isNamespaced, annotations }: MetadataOptions,
) {
  return object({
    name: required(name),
    generateName: text(),
    ...(isNamespaced ? { namespace: dnsLabel } : {}),
    labels,
    annotations: map(text(), { keys: qualifiedName }, (given, problems) => {
      for (const [key, schema] of Object.entries(annotations)) {
        if (Object.hasOwn(given, key)) validate(schema, given[key], problems.at(key));
      }
    }),
    uid: text(),
    resourceVersion: text(),
    /** Grows with each change of `spec`. */
    generation: integer(),
    creationTimestamp: text(),
    deletionTimestamp: text(),
    deletionGracePeriodSeconds: integer(),
    ownerReferences: list(
      object({
        apiVersion: required(text()),
        kind: required(text()),
        name: required(text()),
        uid: required(text()),
        controller: boolean(),
        blockOwnerDeletion: boolean(),
      }),
      { uniqueBy: ["uid"] },
    ),
    finalizers: list(text()),
    managedFields: list(anything()),
    selfLink: text(),
  });
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** What every stored object carries; `namespace` is absent on cluster-wide kinds. */
export interface Metadata {
  readonly name: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly unknown[];
  readonly selfLink?: string;
}

/** Any resource of any kind. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** A resource whose spec and status are known. */
export interface ResourceOf<Kind extends string, Spec, Status> extends Resource {
  readonly kind: Kind;
  readonly spec: Spec;
  readonly status?: Status;
}

/** `meta/v1 Condition`, with the limits the Gateway API gives it. */
export const condition = object({
  type: required(
    text({
      maxLength: 316,
      pattern:
        /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$/,
      words: "a condition type",
    }),
  ),
  status: required(oneOf("True", "False", "Unknown")),
  reason: required(
    text({
      minLength: 1,
      maxLength: 1024,
      pattern: /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/,
      words: "one CamelCase word",
    }),
  ),
  message: required(text({ maxLength: 32768 })),
  lastTransitionTime: required(text()),
  observedGeneration: integer({ minimum: 0 }),
});

export type Condition = TypeOf<typeof condition>;

export const conditions = list(condition, { maxItems: 8, uniqueBy: ["type"] });

/** A condition as the compiler states it; `status/` adds when it changed and the generation it speaks of. */
export interface ConditionClaim {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  /** CamelCase, for programs. */
  readonly reason: string;
  /** One or more sentences, for people. */
  readonly message: string;
}

/** The namespace of an object that names none. */
export const defaultNamespace = "default";

export function namespaceOf(resource: Resource): string {
  return resource.metadata.namespace ?? defaultNamespace;
}

/** `<namespace>/<name>`. */
export function namespacedName(resource: Resource): string {
  return `${namespaceOf(resource)}/${resource.metadata.name}`;
}

/** `<Kind>/<namespace>/<name>`: how records, statuses and people name a resource. */
export function resourceKey(resource: Resource): string {
  return `${kindTitle(resource.apiVersion, resource.kind)}/${namespacedName(resource)}`;
}

/** Kinds of SMI that have a namesake in the Gateway API: they are told by their group as well. */
const namesakes: ReadonlySet<string> = new Set(["TCPRoute", "UDPRoute"]);

/** What tells a kind from all others: `HTTPRoute`, `TCPRoute.specs.smi-spec.io`. */
export function kindTitle(version: string, kind: string): string {
  const isNamesake = version.startsWith("specs.smi-spec.io/") && namesakes.has(kind);
  return isNamesake ? `${kind}.specs.smi-spec.io` : kind;
}

/** Oldest first, then by name: who wins where two resources want the same (Gateway API, SMI and ours alike). */
export function compareAge(a: Resource, b: Resource): number {
  const created = compareText(
    a.metadata.creationTimestamp ?? "",
    b.metadata.creationTimestamp ?? "",
  );
  return created !== 0 ? created : compareText(namespacedName(a), namespacedName(b));
}

/** By code unit: the same order everywhere, in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
