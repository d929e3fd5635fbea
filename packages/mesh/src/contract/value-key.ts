import type { Value } from "./operation.ts";

/** A text that is equal for equal values and for no others. */
export function valueKey(value: Value | undefined): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    case "object":
      return value === null ? "null" : `[${value.map(valueKey).join()}]`;
    default:
      return `${value}`;
  }
}
