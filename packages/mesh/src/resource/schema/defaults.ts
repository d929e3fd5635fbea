import type { Schema } from "./schema.ts";
import { isAbsent, isRecord } from "./validate.ts";

/**
 * A copy of `value` with the defaults of `schema` filled in and nulls dropped, as the API server stores it.
 * `value` has been validated. Parts without a default are shared with `value`.
 */
export function withDefaults(schema: Schema, value: unknown): unknown {
  switch (schema.type) {
    case "object": {
      if (!isRecord(value)) return value;
      const result: Record<string, unknown> = {};
      for (const [name, given] of Object.entries(value)) {
        const field = schema.fields[name];
        if (!isAbsent(given))
          result[name] = field === undefined ? given : withDefaults(field, given);
      }
      for (const [name, field] of Object.entries(schema.fields)) {
        if (field.default !== undefined && result[name] === undefined) {
          result[name] = withDefaults(field, structuredClone(field.default));
        }
      }
      return result;
    }
    case "list":
      return Array.isArray(value) ? value.map((item) => withDefaults(schema.items, item)) : value;
    case "map":
      if (!isRecord(value)) return value;
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [name, withDefaults(schema.values, item)]),
      );
    default:
      return value;
  }
}
