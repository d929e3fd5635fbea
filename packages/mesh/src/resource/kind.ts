import { kindTitle, metadata, type Resource } from "./meta.ts";
import { dnsSubdomain } from "./schema/formats.ts";
import {
  type ObjectSchema,
  object,
  oneOf,
  type Rule,
  required,
  type Schema,
  type TextSchema,
  type Typed,
} from "./schema/schema.ts";

/**
 * A kind of resource, in one of its versions: what the API server serves, the command line prints and manifests are
 * checked against. Objects are kept and acted on in one version, that of the table of kinds; `served` are the others.
 */
export interface Kind {
  /** Empty for Kubernetes' core. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The kind, with its group where another has a kind of this name: `TCPRoute.specs.smi-spec.io`. No two have the same. */
  readonly title: string;
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
  /** Other versions in which it is read and written; empty on these themselves. */
  readonly served: readonly Kind[];
  /** How its objects become those of the version that is kept; null: this is it. */
  readonly conversion: Conversion | null;
  /** Of several ways to write one thing, the one that is kept; null: there is one way. */
  readonly normalise: ((object: Fields) => Fields) | null;
}

/** An object without `apiVersion`; the status is the same in all versions. */
export type Fields = Readonly<Record<string, unknown>>;

/** Both ways take well-formed objects and change nothing that they are given. */
export interface Conversion {
  readonly stored: Kind;
  readonly toStored: (object: Fields) => Fields;
  /** What the older version has no words for it leaves out, or puts where `toStored` finds it again. */
  readonly fromStored: (object: Fields) => Fields;
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
  /** Other versions, newest first. Default: none. */
  readonly served?: readonly ServedVersion[];
  /** Default: what is kept is as it was written. */
  readonly normalise?: (object: Fields) => Fields;
  /** Checks of the whole object, in all versions. */
  readonly rules?: readonly Rule<Fields>[];
}

/** Another version of a kind. What is not said is as in the stored one. */
interface ServedVersion extends Partial<Omit<Conversion, "stored">> {
  readonly version: string;
  readonly spec?: Schema | null;
  readonly fields?: Readonly<Record<string, Schema>>;
}

export function buildKind(options: KindOptions): Kind {
  const served: Kind[] = [];
  const stored = kindOf(options, { served, conversion: null });
  for (const { toStored = same, fromStored = same, ...own } of options.served ?? []) {
    const conversion = { stored, toStored, fromStored };
    const columns = options.columns.map((column) => ({
      ...column,
      value: (resource: Resource) => column.value(storedForm(older, resource)),
    }));
    const older: Kind = kindOf({ ...options, ...own, columns }, { served: [], conversion });
    served.push(older);
  }
  return stored;
}

/** An object of the version `kind`, well-formed, as it is kept. */
export function storedForm<R extends Resource>(kind: Kind, resource: R): R {
  if (kind.conversion === null) return resource;
  const { stored, toStored } = kind.conversion;
  return converted(resource, toStored, stored);
}

/** A kept object as the version `kind` says it. */
export function shownForm<R extends Resource>(kind: Kind, resource: R): R {
  if (kind.conversion === null) return resource;
  return converted(resource, kind.conversion.fromStored, kind);
}

function converted<R extends Resource>(
  { apiVersion: _, ...fields }: R,
  convert: (object: Fields) => Fields,
  { group, version }: Kind,
): R {
  return { apiVersion: apiVersion(group, version), ...convert(fields) } as unknown as R;
}

function same(object: Fields): Fields {
  return object;
}

function kindOf(options: KindOptions, of: Pick<Kind, "served" | "conversion">): Kind {
  const { group, version, kind, plural, shortNames = [], isNamespaced, columns } = options;
  const name = options.name ?? dnsSubdomain;
  return {
    ...of,
    normalise: options.normalise ?? null,
    group,
    version,
    kind,
    title: kindTitle(apiVersion(group, version), kind),
    plural,
    singular: kind.toLowerCase(),
    shortNames,
    isNamespaced,
    isMade: options.isMade ?? false,
    hasStatus: options.status !== null,
    columns,
    schema: {
      ...object({
        apiVersion: required(oneOf(apiVersion(group, version))),
        kind: required(oneOf(kind)),
        metadata: required(
          metadata(name, { isNamespaced, annotations: options.annotations ?? {} }),
        ),
        ...options.fields,
        ...(options.spec === null ? {} : { spec: { ...options.spec, required: true } }),
        ...(options.status === null ? {} : { status: options.status }),
      }),
      rules: (options.rules ?? []) as readonly Rule[],
    },
  };
}

/** `v1` for the core group, else `<group>/<version>`. */
export function apiVersion(group: string, version: string): string {
  return group === "" ? version : `${group}/${version}`;
}
