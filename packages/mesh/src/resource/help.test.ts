import { expect, test } from "vitest";
import { checkResource } from "./check.ts";
import { kindHelp } from "./help.ts";
import { kinds } from "./index.ts";
import { apiVersion } from "./kind.ts";
import type { Schema } from "./schema/schema.ts";

test("every kind is explained, and no other", () => {
  expect(Object.keys(kindHelp).sort()).toEqual(kinds.map(({ title }) => title).sort());
});

test.each(kinds.map((kind) => [kind.title, kind] as const))(
  "%s: the fields that are explained are there, and the example is one",
  (name, kind) => {
    const { fields, example } = kindHelp[name]!;
    for (const path of Object.keys(fields))
      expect(has(kind.schema, path.split(".")), path).toBe(true);
    expect(example === null).toBe(kind.isMade);
    if (example === null) return;
    const object = {
      apiVersion: apiVersion(kind.group, kind.version),
      kind: kind.kind,
      ...example,
    };
    expect(checkResource(kind, object)).toMatchObject({ ok: true, notes: [] });
  },
);

function has(schema: Schema, [first, ...rest]: readonly string[]): boolean {
  if (first === undefined) return true;
  if (schema.type === "list") return has(schema.items, [first, ...rest]);
  if (schema.type !== "object" || !Object.hasOwn(schema.fields, first)) return false;
  return has(schema.fields[first]!, rest);
}
