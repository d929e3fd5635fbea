import type { EffectiveField } from "@heddle/mesh/resource/compile/effective-policy.ts";
import { formatTable } from "./table.ts";

/** What holds for requests, and who says it. Empty where there is nothing. */
export function formatPolicies(fields: readonly EffectiveField[]): string {
  if (fields.length === 0) return "";
  return formatTable(
    [
      { name: "OF", cell: ({ of }) => of },
      { name: "FIELD", cell: ({ field }) => field },
      { name: "FROM", cell: ({ from }) => from ?? "default" },
      { name: "VALUE", cell: ({ value }) => shown(value) },
    ],
    fields,
  );
}

/** `retriesMax=1 codes=502,503`: short, and every word of it. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join(",") || "none";
  if (typeof value !== "object" || value === null) return value === null ? "-" : String(value);
  return Object.entries(value)
    .map(([name, one]) => {
      const isNested = typeof one === "object" && one !== null && !Array.isArray(one);
      return `${name}=${isNested ? `(${shown(one)})` : shown(one)}`;
    })
    .join(" ");
}
