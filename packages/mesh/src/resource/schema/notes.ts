import { type Problem, Problems } from "./problem.ts";
import type { Schema } from "./schema.ts";
import { isAbsent, isRecord } from "./validate.ts";

/** One note for each field in `value` that heddle accepts and does not act on. */
export function inertFields(schema: Schema, value: unknown): readonly Problem[] {
  const notes = new Problems();
  visit(schema, value, notes);
  return notes.found;
}

function visit(schema: Schema, value: unknown, notes: Problems): void {
  if (isAbsent(value)) return;
  if (schema.inert) {
    const isDefault = JSON.stringify(value) === JSON.stringify(schema.default);
    if (!isDefault) notes.add("valid, but heddle does not act on it");
    return;
  }
  if (schema.type === "list" && Array.isArray(value)) {
    value.forEach((item, index) => {
      visit(schema.items, item, notes.at(index));
    });
  } else if (schema.type === "object" && isRecord(value)) {
    for (const [name, field] of Object.entries(schema.fields))
      visit(field, value[name], notes.at(name));
  }
}
