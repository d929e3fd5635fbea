import type { KindHelp } from "@heddle/mesh/resource/help.ts";
import { apiVersion, type Kind } from "@heddle/mesh/resource/kind.ts";
import type { Schema } from "@heddle/mesh/resource/schema/schema.ts";
import { stringify } from "yaml";
import { breakWords } from "./break-words.ts";

interface Row {
  readonly field: string;
  readonly type: string;
  readonly note: string;
}

/** Levels of fields that are shown. */
const levels = 4;

/** A kind: what it states, its fields with what they may hold and mean, and an example, in lines of `width` characters. */
export function formatKind(kind: Kind, help: KindHelp, width: number): string {
  const version = apiVersion(kind.group, kind.version);
  const names = [kind.plural, ...kind.shortNames].join(", ");
  const all = rowsOf(kind.schema, [], help, 0);
  const fieldWidth = Math.max(...all.map(({ field }) => field.length));
  const beside = (field: string, text: string) =>
    `  ${field.padEnd(fieldWidth)}   ${text}`.trimEnd();
  const room = width - fieldWidth - 5;
  const lines = all.flatMap(({ field, type, note }) => {
    const [first = "", ...rest] = [...breakWords(type, room), ...breakWords(note, room)];
    return [beside(field, first), ...rest.map((line) => beside("", line))];
  });
  const about = breakWords(help.about, width).join("\n");
  const head = `${kind.kind}   ${version}   (${names})\n${about}\n`;
  const fields = `\nFields\n${lines.join("\n")}\n`;
  if (help.example === null) return `${head}${fields}`;
  const example = stringify({ apiVersion: version, kind: kind.kind, ...help.example });
  return `${head}${fields}\nExample\n${example.replaceAll(/^(?=.)/gm, "  ")}`;
}

/** Its own fields, and below each its parts. Metadata and conditions are alike in all kinds, and left out. */
function rowsOf(
  schema: Schema,
  path: readonly string[],
  help: KindHelp,
  depth: number,
): readonly Row[] {
  const inner = schema.type === "list" ? schema.items : schema;
  if (inner.type !== "object" || depth >= levels) return [];
  return Object.entries(inner.fields)
    .filter(([name]) => depth > 0 || !["apiVersion", "kind", "metadata"].includes(name))
    .filter(([name]) => name !== "conditions")
    .flatMap(([name, field]) => {
      const at = [...path, name];
      const row: Row = {
        field: `${"  ".repeat(depth)}${name}${field.type === "list" ? "[]" : ""}`,
        type: typeWords(field),
        note: help.fields[at.join(".")] ?? (field.inert === true ? "Not acted on." : ""),
      };
      const parts = rowsOf(field, at, help, depth + 1);
      // A status that is conditions alone says nothing of its kind.
      return name === "status" && parts.length === 0 ? [] : [row, ...parts];
    });
}

/** `required, integer 1 to 64`, `wait | refuse | move, default "wait"`. */
function typeWords(schema: Schema): string {
  const words = [schema.required === true ? "required" : "", shapeWords(schema)];
  if (schema.default !== undefined) words.push(`default ${JSON.stringify(schema.default)}`);
  return words.filter((word) => word !== "").join(", ");
}

function shapeWords(schema: Schema): string {
  switch (schema.type) {
    case "text":
      return schema.enum === undefined ? "text" : schema.enum.map((one) => one || '""').join(" | ");
    case "integer":
      return `integer${rangeWords(schema.minimum, schema.maximum)}`;
    case "boolean":
      return "true | false";
    case "int-or-text":
      return "integer or name";
    case "list":
      return schema.items.type === "object" ? "" : shapeWords(schema.items);
    case "map":
      return "names with values";
    case "object":
      return "";
    case "any":
      return "anything";
  }
}

function rangeWords(minimum: number | undefined, maximum: number | undefined): string {
  if (minimum === undefined) return maximum === undefined ? "" : ` up to ${maximum}`;
  return maximum === undefined ? ` from ${minimum}` : ` ${minimum} to ${maximum}`;
}
