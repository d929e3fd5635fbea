import type { Value } from "./operation.ts";

/** A text that is equal for equal values and for no others. A whole number is one value, however large its type. */
export function valueKey(value: Value | undefined): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "object":
      return value === null ? "null" : `[${value.map(valueKey).join()}]`;
    default:
      return `${value}`;
  }
}
