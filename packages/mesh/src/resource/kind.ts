import { metadata, type Resource } from "./meta.ts";
import { dnsSubdomain } from "./schema/formats.ts";
import {
  type ObjectSchema,
  object,
  oneOf,
  required,
  type Schema,
  type TextSchema,
  type Typed,
} from "./schema/schema.ts";

/** A kind of resource: what the API server serves, the command line prints and manifests are checked against. */
export interface Kind {
  /** Empty for Kubernetes' core. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** In lower case, as in paths of the API. */
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly isNamespaced: boolean;
  /** Has `/status` of its own: writing the resource leaves the status alone. */
  readonly hasStatus: boolean;
  /** The control plane makes its objects: manifests may not, and they are nobody's intent. */
  readonly isMade: boolean;
  /** The whole object: apiVersion, kind, metadata, spec, status. */
  readonly schema: ObjectSchema;
  /** Columns of a table between NAME and AGE. */
  readonly columns: readonly Column[];
}

export interface Column {
  /** As in a heading: `REPLICAS`. */
  readonly name: string;
  readonly type: "text" | "number";
  /** Only in wide tables. */
  readonly isWide?: boolean;
  /** Null where there is nothing to say. Never throws, also on objects that lack a status. */
  readonly value: (resource: Resource) => string | number | null;
}

interface KindOptions {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames?: readonly string[];
  readonly isNamespaced: boolean;
  /** Null: the kind has none; its fields are its own. */
  readonly spec: Schema | null;
  /** Fields of the object itself, beside the metadata. Default: none. */
  readonly fields?: Readonly<Record<string, Schema>>;
  readonly status: Schema | null;
  /** Default false. */
  readonly isMade?: boolean;
  /** What an object may be called. Default: an RFC 1123 subdomain. */
  readonly name?: Typed<string, TextSchema>;
  /** Annotations that heddle acts on, and what they may say. Others are free. Default: none. */
  readonly annotations?: Readonly<Record<string, TextSchema>>;
  readonly columns: readonly Column[];
}

export function buildKind(options: KindOptions): Kind {
  const { group, version, kind, plural, shortNames = [], isNamespaced, columns } = options;
  const name = options.name ?? dnsSubdomain;
  return {
    group,
    version,
    kind,
    plural,
    singular: kind.toLowerCase(),
    shortNames,
    isNamespaced,
    isMade: options.isMade ?? false,
    hasStatus: options.status !== null,
    columns,
    schema: object({
      apiVersion: required(oneOf(apiVersion(group, version))),
      kind: required(oneOf(kind)),
      metadata: required(metadata(name, { isNamespaced, annotations: options.annotations ?? {} })),
      ...options.fields,
      ...(options.spec === null ? {} : { spec: { ...options.spec, required: true } }),
      ...(options.status === null ? {} : { status: options.status }),
    }),
  };
}

/** `v1` for the core group, else `<group>/<version>`. */
export function apiVersion(group: string, version: string): string {
  return group === "" ? version : `${group}/${version}`;
}
