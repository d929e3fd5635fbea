import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkResource, kindOf } from "@heddle/mesh/resource/check.ts";
import { findKind } from "@heddle/mesh/resource/index.ts";
import { formatProblem } from "@heddle/mesh/resource/schema/problem.ts";
import type { Schema } from "@heddle/mesh/resource/schema/schema.ts";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";

const fixtures = join(import.meta.dirname, "fixtures");
const names = (folder: string) =>
  readdirSync(join(fixtures, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yaml"))
    .sort();
const read = (path: string) => readFileSync(join(fixtures, path), "utf8");

/** The parts of OpenAPI v3 that CRDs use. */
interface OpenApi {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, OpenApi>>;
  readonly additionalProperties?: OpenApi;
  readonly items?: OpenApi;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
}

interface Crd {
  readonly spec: {
    readonly group: string;
    readonly names: {
      readonly kind: string;
      readonly plural: string;
      readonly singular: string;
      readonly shortNames?: readonly string[];
    };
    readonly scope: string;
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: OpenApi };
    }[];
  };
}

describe.each(names("crd"))("%s", (file) => {
  const crd = parse(read(`crd/${file}`)) as Crd;
  const { group, names: called, scope, versions } = crd.spec;
  const kind = findKind(`${group}/v1`, called.kind)!;

  test("our kind is called as upstream's", () => {
    expect({ ...called, scope }).toMatchObject({
      kind: kind.kind,
      plural: kind.plural,
      singular: kind.singular,
      scope: kind.isNamespaced ? "Namespaced" : "Cluster",
    });
    expect(kind.shortNames).toEqual(called.shortNames ?? []);
  });

  test("our schema is upstream's, field by field", () => {
    const theirs = versions.find(({ name }) => name === "v1")!.schema.openAPIV3Schema;
    const differences: string[] = [];
    for (const part of ["spec", "status"]) {
      compare(kind.schema.fields[part]!, theirs.properties![part]!, part, differences);
    }
    expect(differences).toEqual([]);
  });
});

test.each(names("invalid"))("refuses invalid/%s", (file) => {
  const value: unknown = parse(read(`invalid/${file}`));
  const checked = checkResource(kindOf(value)!, value);
  expect(checked).toMatchObject({ ok: false });
});

test.each(names("mesh"))("accepts all it has kinds for in mesh/%s", (file) => {
  const values = parseAllDocuments(read(`mesh/${file}`)).map(
    (document) => document.toJS() as unknown,
  );
  for (const value of values) {
    const kind = kindOf(value);
    if (kind === null) continue;
    const checked = checkResource(kind, value);
    expect(checked.ok ? [] : checked.problems.map(formatProblem)).toEqual([]);
  }
});

/** Adds every difference between the two to `differences`. Rules over several fields (CEL) are held by examples instead. */
function compare(ours: Schema, theirs: OpenApi, path: string, differences: string[]): void {
  const same = (what: string, a: unknown, b: unknown) => {
    if (JSON.stringify(a) !== JSON.stringify(b)) {
      differences.push(`${path}: ${what} is ${JSON.stringify(a)}, upstream ${JSON.stringify(b)}`);
    }
  };
  same("type", openApiType(ours), theirs.type);
  // Upstream fills in "Pending" where no controller has spoken yet; our controller is the API server's own.
  if (!path.startsWith("status")) same("default", ours.default, theirs.default);
  switch (ours.type) {
    case "text":
      same("enum", ours.enum?.toSorted(), theirs.enum?.toSorted());
      same("pattern", plain(ours.pattern?.source), plain(theirs.pattern));
      same("minLength", ours.minLength ?? 0, theirs.minLength ?? 0);
      same("maxLength", ours.maxLength, theirs.maxLength);
      return;
    case "integer":
      same("enum", ours.enum, theirs.enum);
      same("minimum", ours.minimum, theirs.minimum);
      same("maximum", ours.maximum, theirs.maximum);
      return;
    case "list": {
      same("minItems", ours.minItems, theirs.minItems);
      same("maxItems", ours.maxItems, theirs.maxItems);
      const isSet = theirs["x-kubernetes-list-type"] === "set";
      same("keys", ours.uniqueBy, isSet ? [] : theirs["x-kubernetes-list-map-keys"]);
      compare(ours.items, theirs.items!, `${path}[]`, differences);
      return;
    }
    case "map":
      same("maxProperties", ours.maxItems, theirs.maxProperties);
      compare(ours.values, theirs.additionalProperties!, `${path}{}`, differences);
      return;
    case "object": {
      const fields = Object.keys(ours.fields).sort();
      same("fields", fields, Object.keys(theirs.properties ?? {}).sort());
      const required = fields.filter((name) => ours.fields[name]!.required);
      same("required", required, [...(theirs.required ?? [])].sort());
      for (const name of fields) {
        const field = theirs.properties?.[name];
        if (field !== undefined) compare(ours.fields[name]!, field, `${path}.${name}`, differences);
      }
      return;
    }
    default:
      return;
  }
}

function openApiType(schema: Schema): string {
  switch (schema.type) {
    case "text":
      return "string";
    case "list":
      return "array";
    case "map":
      return "object";
    default:
      return schema.type;
  }
}

/** Go and JavaScript need different escapes in a character class. */
function plain(pattern: string | undefined): string | undefined {
  return pattern?.replaceAll(/\\([/-])/g, "$1");
}
