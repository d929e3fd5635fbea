import type { Problems } from "./problem.ts";

/**
 * What a field of a resource may hold, as data: the validator, the defaults, the API server and OpenAPI all read it.
 * The words of Kubernetes' structural schemas (`minLength`, `maximum`, …), so that a test can compare ours with the
 * upstream CRDs field by field.
 */
export type Schema =
  | TextSchema
  | IntegerSchema
  | BooleanSchema
  | IntOrTextSchema
  | ListSchema
  | ObjectSchema
  | MapSchema
  | AnySchema;

interface Common {
  /** What the API server fills in when the field is absent. */
  readonly default?: unknown;
  /** The object around it is refused without this field. */
  readonly required?: boolean;
  /** Valid, and not acted on by heddle: one note where it is used. */
  readonly inert?: boolean;
  /** Checks that need more than one field (upstream: CEL). Run where the value itself is well-formed. */
  readonly rules?: readonly Rule[];
}

/** Adds what it finds to `problems`; `value` has the type of the schema it stands on. */
export type Rule<T = never> = (value: T, problems: Problems) => void;

export interface TextSchema extends Common {
  readonly type: "text";
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: RegExp;
  /** What the pattern means, for people: `expected <words>, got …`. */
  readonly words?: string;
  readonly enum?: readonly string[];
}

export interface IntegerSchema extends Common {
  readonly type: "integer";
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly number[];
}

export interface BooleanSchema extends Common {
  readonly type: "boolean";
}

/** A port by number or name. */
export interface IntOrTextSchema extends Common {
  readonly type: "int-or-text";
}

export interface ListSchema extends Common {
  readonly type: "list";
  readonly items: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  /** Fields that together name an item; `[]`: the item itself does. Absent: items may repeat. */
  readonly uniqueBy?: readonly string[];
}

export interface ObjectSchema extends Common {
  readonly type: "object";
  readonly fields: Readonly<Record<string, Schema>>;
}

export interface MapSchema extends Common {
  readonly type: "map";
  readonly values: Schema;
  readonly keys?: TextSchema;
  readonly maxItems?: number;
}

/** Any JSON; kept as it is. */
export interface AnySchema extends Common {
  readonly type: "any";
}

/** A schema that knows the type of what it accepts; `typed` is never there at run time. */
export type Typed<T, S extends Schema = Schema> = S & { readonly typed?: readonly [T] | undefined };

/** The type of values that a schema accepts. */
export type TypeOf<S> = S extends { readonly typed?: readonly [infer T] | undefined } ? T : never;

type Shape = Readonly<Record<string, Schema>>;
type RequiredKeys<F> = { [K in keyof F]: F[K] extends { required: true } ? K : never }[keyof F];
type ObjectOf<F> = { readonly [K in RequiredKeys<F>]: TypeOf<F[K]> } & {
  readonly [K in Exclude<keyof F, RequiredKeys<F>>]?: TypeOf<F[K]>;
} extends infer O
  ? { [K in keyof O]: O[K] }
  : never;

type Options<S extends Schema> = Omit<S, "type" | "items" | "fields" | "values" | "rules">;

export function text(options: Options<TextSchema> = {}): Typed<string, TextSchema> {
  return { type: "text", ...options };
}

/** Text that is one of `values`. */
export function oneOf<const T extends string>(...values: readonly T[]): Typed<T, TextSchema> {
  return { type: "text", enum: values };
}

export function integer(options: Options<IntegerSchema> = {}): Typed<number, IntegerSchema> {
  return { type: "integer", ...options };
}

export function boolean(options: Options<BooleanSchema> = {}): Typed<boolean, BooleanSchema> {
  return { type: "boolean", ...options };
}

export function intOrText(): Typed<number | string, IntOrTextSchema> {
  return { type: "int-or-text" };
}

export function list<S extends Schema>(
  items: S,
  options: Options<ListSchema> = {},
  ...rules: readonly Rule<readonly TypeOf<S>[]>[]
): Typed<readonly TypeOf<S>[], ListSchema> {
  return { type: "list", items, ...options, rules };
}

export function object<const F extends Shape>(
  fields: F,
  ...rules: readonly Rule<ObjectOf<F>>[]
): Typed<ObjectOf<F>, ObjectSchema> {
  return { type: "object", fields, rules };
}

export function map<S extends Schema>(
  values: S,
  options: Options<MapSchema> = {},
  ...rules: readonly Rule<Readonly<Record<string, TypeOf<S>>>>[]
): Typed<Readonly<Record<string, TypeOf<S>>>, MapSchema> {
  return { type: "map", values, ...options, rules };
}

export function anything(): Typed<unknown, AnySchema> {
  return { type: "any" };
}

/** The object around it must have this field. */
export function required<S extends Schema>(schema: S): S & { readonly required: true } {
  return { ...schema, required: true };
}

/** The API server fills it in with `value`. */
export function defaulted<S extends Schema>(schema: S, value: NoInfer<TypeOf<S>>): S {
  return { ...schema, default: value };
}

/** Valid upstream, not acted on here. */
export function inert<S extends Schema>(schema: S): S {
  return { ...schema, inert: true };
}
