import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkResource, kindOf } from "@heddle/mesh/resource/check.ts";
import { findKind } from "@heddle/mesh/resource/index.ts";
import { formatPath } from "@heddle/mesh/resource/schema/path.ts";
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
      readonly schema?: { readonly openAPIV3Schema: OpenApi };
    }[];
  };
}

/** Where ours says another thing, and why. */
const session = [
  // The shape that comes after v1.6 is taken as well: cookie, header.
  "sessionPersistence: fields is",
];
const knownDeviations: Readonly<Record<string, readonly string[]>> = {
  HTTPRoute: [
    ...session,
    // The standard channel takes values that the experimental one refuses; both apply.
    "HeaderModifier.add[].value: pattern is",
    "HeaderModifier.set[].value: pattern is",
    "headers[].value: pattern is",
  ],
  GRPCRoute: [
    ...session,
    "HeaderModifier.add[].value: pattern is",
    "HeaderModifier.set[].value: pattern is",
  ],
  XBackendTrafficPolicy: session,
  // `mesh` means our own kind Mesh.
  XMesh: ["shortNames"],
};

/** Where each is wrong. */
const places: Readonly<Record<string, string>> = {
  "gateway/duplicate-listeners.yaml": "spec.listeners[1].name",
  "gateway/hostname-tcp.yaml": "spec.listeners[0].hostname",
  "gateway/hostname-udp.yaml": "spec.listeners[0].hostname",
  "gateway/invalid-addresses.yaml": "spec.addresses[0].value",
  "gateway/invalid-listener-name.yaml": "spec.listeners[0].name",
  "gateway/invalid-listener-port.yaml": "spec.listeners[0].port",
  "gateway/invalid-tls-mode.yaml": "spec.listeners[0].tls.mode",
  "gateway/tlsconfig-tcp.yaml": "spec.listeners[0].tls",
  "gatewayclass/invalid-controller.yaml": "spec.controllerName",
  "httproute/duplicate-header-match.yaml": "spec.rules[0].matches[0].headers[1].name",
  "httproute/duplicate-query-match.yaml": "spec.rules[0].matches[0].queryParams[1].name",
  "httproute/httproute-portless-backend.yaml": "spec.rules[0].backendRefs[0].port",
  "httproute/httproute-portless-service.yaml": "spec.rules[0].backendRefs[0].port",
  "httproute/invalid-backend-group.yaml": "spec.rules[0].backendRefs[0].group",
  "httproute/invalid-backend-kind.yaml": "spec.rules[0].backendRefs[0].kind",
  "httproute/invalid-backend-port.yaml": "spec.rules[0].backendRefs[0].port",
  "httproute/invalid-filter-duplicate-header.yaml":
    "spec.rules[0].filters[0].requestHeaderModifier.remove[1]",
  "httproute/invalid-filter-duplicate.yaml": "spec.rules[0].filters[1].type",
  "httproute/invalid-filter-empty.yaml": "spec.rules[0].filters[0].requestHeaderModifier",
  "httproute/invalid-filter-externalauth-bad-http-path.yaml":
    "spec.rules[0].filters[0].externalAuth.http.path",
  "httproute/invalid-filter-externalauth-empty.yaml": "spec.rules[0].filters[0].externalAuth",
  "httproute/invalid-filter-externalauth-no-protocol.yaml":
    "spec.rules[0].filters[0].externalAuth.protocol",
  "httproute/invalid-filter-wrong-field.yaml": "spec.rules[0].filters[0].requestRedirect",
  "httproute/invalid-header-name.yaml": "spec.rules[0].matches[0].headers[0].name",
  "httproute/invalid-header-value.yaml":
    "spec.rules[0].filters[0].responseHeaderModifier.add[0].value",
  "httproute/invalid-hostname.yaml": "spec.hostnames[0]",
  "httproute/invalid-httpredirect-hostname.yaml":
    "spec.rules[0].filters[0].requestRedirect.hostname",
  "httproute/invalid-method.yaml": "spec.rules[0].matches[0].method",
  "httproute/invalid-path-alphanum-specialchars-mix.yaml": "spec.rules[0].matches[0].path.value",
  "httproute/invalid-path-specialchars.yaml": "spec.rules[0].matches[0].path.value",
  "httproute/invalid-request-redirect-with-backendref.yaml": "spec.rules[0].filters[0]",
  "referencegrant/missing-from.yaml": "spec.from",
  "referencegrant/missing-ns.yaml": "spec.from[0].namespace",
  "referencegrant/missing-to.yaml": "spec.to",
  "tlsroute/invalid-hostname.yaml": "spec.hostnames[0]",
  "tlsroute/no-hostname.yaml": "spec.hostnames",
};

describe.each(names("crd"))("%s", (file) => {
  const crd = parse(read(`crd/${file}`)) as Crd;
  const { group, names: called, scope, versions } = crd.spec;
  const stored = versions.find(({ schema }) => schema !== undefined)!;
  const kind = findKind(`${group}/${stored.name}`, called.kind)!;
  const deviations = knownDeviations[called.kind] ?? [];

  test("our kind is called as upstream's", () => {
    expect({ ...called, scope }).toMatchObject({
      kind: kind.kind,
      plural: kind.plural,
      singular: kind.singular,
      scope: kind.isNamespaced ? "Namespaced" : "Cluster",
    });
    if (!deviations.includes("shortNames")) {
      expect(kind.shortNames).toEqual(called.shortNames ?? []);
    }
  });

  test("it is served in upstream's versions", () => {
    for (const { name } of versions) {
      expect(findKind(`${group}/${name}`, called.kind)?.kind, name).toBe(called.kind);
    }
  });

  test("our schema is upstream's, field by field", () => {
    const theirs = stored.schema!.openAPIV3Schema;
    const differences: string[] = [];
    for (const part of ["spec", "status"]) {
      const field = theirs.properties?.[part];
      expect(kind.schema.fields[part] === undefined).toBe(field === undefined);
      if (field !== undefined) compare(kind.schema.fields[part]!, field, part, differences);
    }
    const isKnown = (one: string) => deviations.some((path) => one.includes(path));
    expect(differences.filter((one) => !isKnown(one))).toEqual([]);
    for (const path of deviations.filter((one) => one !== "shortNames")) {
      expect(
        differences.some((one) => one.includes(path)),
        path,
      ).toBe(true);
    }
  });
});

test.each(names("invalid"))("refuses invalid/%s", (file) => {
  const value: unknown = parse(read(`invalid/${file}`));
  const checked = checkResource(kindOf(value)!, value);
  if (checked.ok) throw new Error("accepted");
  expect(checked.problems.map(({ path }) => formatPath(path))).toContain(places[file]);
});

test("each place is that of an example", () => {
  expect(Object.keys(places).sort()).toEqual(names("invalid"));
});

const valid = ["mesh", "examples"].flatMap((folder) =>
  names(folder).map((name) => `${folder}/${name}`),
);

test.each(valid)("accepts all it has kinds for in %s", (file) => {
  const values = parseAllDocuments(read(file)).map((document) => document.toJS() as unknown);
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
