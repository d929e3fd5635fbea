import { unreachable } from "../../base/assert.ts";
import type { Problems } from "./problem.ts";
import type {
  IntegerSchema,
  ListSchema,
  MapSchema,
  ObjectSchema,
  Rule,
  Schema,
  TextSchema,
} from "./schema.ts";
import { didYouMean, suggest } from "./suggest.ts";

/** Everything that keeps `value` from being what `schema` says; nothing found means that it is. */
export function validate(schema: Schema, value: unknown, problems: Problems): void {
  const before = problems.found.length;
  validateShape(schema, value, problems);
  // A rule reads several fields as if they were well-formed, so it runs only where they are.
  if (schema.rules === undefined || problems.found.length > before) return;
  for (const rule of schema.rules) (rule as Rule<unknown>)(value, problems);
}

/** Is the field not there? Kubernetes drops a null as if it had not been written. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function validateShape(schema: Schema, value: unknown, problems: Problems): void {
  switch (schema.type) {
    case "text":
      validateText(schema, value, problems);
      return;
    case "integer":
      validateInteger(schema, value, problems);
      return;
    case "boolean":
      if (typeof value !== "boolean") problems.add(`expected true or false, got ${shown(value)}`);
      return;
    case "int-or-text":
      if (typeof value !== "string" && !Number.isInteger(value)) {
        problems.add(`expected a whole number or a name, got ${shown(value)}`);
      }
      return;
    case "list":
      validateList(schema, value, problems);
      return;
    case "object":
      validateObject(schema, value, problems);
      return;
    case "map":
      validateMap(schema, value, problems);
      return;
    case "any":
      return;
    default:
      unreachable(schema);
  }
}

function validateText(schema: TextSchema, value: unknown, problems: Problems): void {
  if (typeof value !== "string") {
    problems.add(`expected ${schema.words ?? "text"}, got ${shown(value)}`);
    return;
  }
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    const choices = schema.enum.join(", ");
    problems.add(`expected ${choices}, got ${shown(value)}${didYouMean(value, schema.enum)}`);
    return;
  }
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema;
  if (value.length < minLength || value.length > maxLength) {
    problems.add(`expected ${sizeWords(value.length, minLength, maxLength, "character")}`);
    return;
  }
  if (schema.pattern !== undefined && !schema.pattern.test(value)) {
    problems.add(
      `expected ${schema.words ?? `text like ${schema.pattern.source}`}, got ${shown(value)}`,
    );
  }
}

function validateInteger(schema: IntegerSchema, value: unknown, problems: Problems): void {
  const { minimum, maximum } = schema;
  const fits =
    Number.isSafeInteger(value) &&
    (minimum === undefined || (value as number) >= minimum) &&
    (maximum === undefined || (value as number) <= maximum) &&
    (schema.enum === undefined || schema.enum.includes(value as number));
  if (!fits) problems.add(`expected ${integerWords(schema, value)}, got ${shown(value)}`);
}

/** Names the bound that was missed; for what is no number at all, the lower one. */
function integerWords({ minimum, maximum, enum: choices }: IntegerSchema, value: unknown): string {
  if (choices !== undefined) return choices.join(", ");
  const isAbove = maximum !== undefined && typeof value === "number" && value > maximum;
  if (isAbove) return `a whole number <= ${maximum}`;
  return minimum === undefined ? "a whole number" : `a whole number >= ${minimum}`;
}

function validateList(schema: ListSchema, value: unknown, problems: Problems): void {
  if (!Array.isArray(value)) {
    problems.add(`expected a list, got ${shown(value)}`);
    return;
  }
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
  if (value.length < minItems || value.length > maxItems) {
    problems.add(`expected ${sizeWords(value.length, minItems, maxItems, "item")}`);
    return;
  }
  value.forEach((item, index) => {
    validate(schema.items, item, problems.at(index));
  });
  if (schema.uniqueBy !== undefined) validateUnique(schema.uniqueBy, value, problems);
}

function validateUnique(
  keys: readonly string[],
  items: readonly unknown[],
  problems: Problems,
): void {
  const seen = new Map<string, number>();
  items.forEach((item, index) => {
    if (keys.length > 0 && !isRecord(item)) return;
    const name =
      keys.length === 0 ? item : keys.map((key) => (item as Record<string, unknown>)[key]);
    const text = JSON.stringify(name);
    const first = seen.get(text);
    if (first === undefined) {
      seen.set(text, index);
      return;
    }
    const one = keys.length === 1 ? (name as unknown[])[0] : name;
    problems
      .at(index)
      .add(`${JSON.stringify(one)} is there already, at [${first}]`, ...keys.slice(0, 1));
  });
}

function validateObject(schema: ObjectSchema, value: unknown, problems: Problems): void {
  if (!isRecord(value)) {
    problems.add(`expected an object, got ${shown(value)}`);
    return;
  }
  const meant = new Set<string>();
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(schema.fields, name)) continue;
    const guess = suggest(name, Object.keys(schema.fields));
    if (guess !== null) meant.add(guess);
    problems.add(`unknown field${guess === null ? "" : `; did you mean "${guess}"?`}`, name);
  }
  for (const [name, field] of Object.entries(schema.fields)) {
    const fieldValue = Object.hasOwn(value, name) ? value[name] : undefined;
    if (!isAbsent(fieldValue)) validate(field, fieldValue, problems.at(name));
    // A misspelt field is one mistake, not two.
    else if (field.required && field.default === undefined && !meant.has(name)) {
      problems.add("required", name);
    }
  }
}

function validateMap(schema: MapSchema, value: unknown, problems: Problems): void {
  if (!isRecord(value)) {
    problems.add(`expected an object, got ${shown(value)}`);
    return;
  }
  const names = Object.keys(value);
  if (schema.maxItems !== undefined && names.length > schema.maxItems) {
    problems.add(`expected at most ${schema.maxItems} entries, got ${names.length}`);
  }
  for (const name of names) {
    if (schema.keys !== undefined) validate(schema.keys, name, problems.at(name));
    validate(schema.values, value[name], problems.at(name));
  }
}

function sizeWords(size: number, min: number, max: number, unit: string): string {
  const bound = size < min ? min : max;
  const plural = bound === 1 ? "" : "s";
  return `at ${size < min ? "least" : "most"} ${bound} ${unit}${plural}, got ${size}`;
}

/** A value as an error shows it: JSON, short. */
function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 64 ? `${text.slice(0, 61)}…` : text;
}
