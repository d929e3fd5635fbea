import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkResource } from "@heddle/mesh/resource/check.ts";
import { findKind } from "@heddle/mesh/resource/index.ts";
import { type Kind, shownForm } from "@heddle/mesh/resource/kind.ts";
import { formatProblem } from "@heddle/mesh/resource/schema/problem.ts";
import type { Schema } from "@heddle/mesh/resource/schema/schema.ts";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";

const fixtures = join(import.meta.dirname, "fixtures");
const documents = (path: string) =>
  parseAllDocuments(readFileSync(join(fixtures, path), "utf8")).map(
    (document) => document.toJS() as Record<string, unknown>,
  );
const samples = readdirSync(join(fixtures, "spec"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".yaml"))
  .sort();

/** A sample of the specification, which leaves group and version to the page it is on. */
function sample(path: string, value: Record<string, unknown>): Record<string, unknown> {
  if (value["kind"] === "Service") return value;
  const [, version] = path.split("/");
  const group = value["kind"] === "TrafficSplit" ? "split.smi-spec.io" : "specs.smi-spec.io";
  return { ...value, apiVersion: `${group}/${version}` };
}

test("there are samples of every version", () => {
  expect(samples).toHaveLength(58);
});

test.each(samples)("accepts the specification's %s, and gives it back as it was", (path) => {
  for (const value of documents(`spec/${path}`).map((one) => sample(path, one))) {
    const kind = findKind(String(value["apiVersion"]), String(value["kind"]))!;
    const checked = checkResource(kind, value);
    expect(checked.ok ? [] : checked.problems.map(formatProblem)).toEqual([]);
    if (!checked.ok || kind.group === "") return;
    const { stored } = kind.conversion ?? { stored: kind };
    expect(checked.resource.apiVersion).toBe(`${kind.group}/${stored.version}`);
    const again = checkResource(kind, shownForm(kind, checked.resource));
    expect(again).toEqual(checked);
  }
});

interface OpenApi {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, OpenApi>>;
  readonly items?: OpenApi;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
}

interface Crd {
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: {
      readonly kind: string;
      readonly plural: string;
      readonly shortNames: readonly string[];
    };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: OpenApi };
    }[];
  };
}

const crds = readdirSync(join(fixtures, "crd")).map(
  (file) => documents(`crd/${file}`)[0] as unknown as Crd,
);

describe.each(crds.map((crd) => [crd.spec.names.kind, crd] as const))("%s", (_name, { spec }) => {
  const { group, names, versions, scope } = spec;

  test.each(versions.map(({ name, schema }) => [name, schema.openAPIV3Schema] as const))(
    "%s is called as upstream's, and has its fields",
    (version, theirs) => {
      const kind = findKind(`${group}/${version}`, names.kind) as Kind;
      expect([kind.plural, kind.shortNames, kind.isNamespaced]).toEqual([
        names.plural,
        names.shortNames,
        scope === "Namespaced",
      ]);
      const differences: string[] = [];
      for (const [name, field] of Object.entries(theirs.properties ?? {})) {
        compare(kind.schema.fields[name], field, name, differences);
      }
      expect(differences).toEqual([]);
    },
  );
});

/** What upstream has and we have not, or otherwise. Ours may have more fields: other ways to write the same. */
function compare(
  ours: Schema | undefined,
  theirs: OpenApi,
  path: string,
  differences: string[],
): void {
  if (ours === undefined) {
    differences.push(path);
    return;
  }
  if (ours.type === "any") return; // several forms, of which upstream's is one
  if (theirs.type === "array" && ours.type === "list") {
    compare(ours.items, theirs.items!, `${path}[]`, differences);
  } else if (theirs.type === "object" && ours.type === "object") {
    const fields = theirs.properties ?? {};
    for (const [name, field] of Object.entries(fields)) {
      compare(ours.fields[name], field, `${path}.${name}`, differences);
      const isRequired = theirs.required?.includes(name) ?? false;
      if ((ours.fields[name]?.required ?? false) !== isRequired) {
        differences.push(`${path}.${name}: required`);
      }
    }
  } else if (ours.type === "text") {
    if (theirs.type !== "string") differences.push(`${path}: text, upstream ${theirs.type}`);
    const [mine, other] = [ours.enum?.toSorted(), theirs.enum?.toSorted()];
    if (JSON.stringify(mine) !== JSON.stringify(other)) differences.push(`${path}: enum`);
  } else if (ours.type !== "integer" || !["integer", "number"].includes(theirs.type!)) {
    differences.push(`${path}: ${ours.type}, upstream ${theirs.type}`);
  }
}
