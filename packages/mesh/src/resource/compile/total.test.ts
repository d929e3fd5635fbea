import fc from "fast-check";
import { expect, test } from "vitest";
import { parseDocument } from "../../snapshot/codec.ts";
import { MeshIndex } from "../compile.ts";
import { filter } from "../gateway-api/filter.ts";
import { type HttpRouteRule, httpRouteSpec } from "../gateway-api/httproute.ts";
import { Problems } from "../schema/problem.ts";
import type { ListSchema, Schema } from "../schema/schema.ts";
import { validate } from "../schema/validate.ts";
import { gateway, route, service, to } from "./samples.fixture.ts";

/** Names that meet, odd characters, paths that say one thing in several ways. */
const words = [
  ...["a", "b", "Service", "/", "/a/%41/b", "/a/", "/é?#", "", "0s", "500ms", "*"],
  ...[
    "Connection",
    "Host",
    "X-A",
    "x-a",
    " padded ",
    "a.example",
    "%2e",
    "http://a",
    "€",
    "a\r\nb",
    "\0",
  ],
];

/** Anything a schema may let in; parts that are refused are drawn again. */
function arbitraryOf(schema: Schema): fc.Arbitrary<unknown> {
  const isValid = (value: unknown) => {
    const problems = new Problems();
    validate(schema, value, problems);
    return problems.found.length === 0;
  };
  switch (schema.type) {
    case "text": {
      if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
      const valid = words.filter(isValid);
      const odd = fc.string({ minLength: 1, maxLength: 8 }).filter(isValid);
      return schema.pattern === undefined
        ? fc.oneof(fc.constantFrom(...valid), odd)
        : fc.constantFrom(...(valid.length > 0 ? valid : ["a"]));
    }
    case "integer":
      if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
      return fc.constantFrom(...[0, 1, 80, 100, 503].filter(isValid));
    case "boolean":
      return fc.boolean();
    case "list":
      return fc.array(arbitraryOf(schema.items), { maxLength: 2 }).filter(isValid);
    case "object":
      return (schema.fields === filter.fields ? filters() : record(schema.fields)).filter(isValid);
    default:
      return fc.constant("a");
  }
}

function record(fields: Readonly<Record<string, Schema>>): fc.Arbitrary<unknown> {
  const entries = Object.entries(fields);
  const requiredKeys = entries.filter(([, field]) => field.required).map(([name]) => name);
  const values = entries.map(([name, field]) => [name, arbitraryOf(field)]);
  return fc.record(Object.fromEntries(values) as Record<string, fc.Arbitrary<unknown>>, {
    requiredKeys,
  });
}

/** Each type with the one field that belongs to it. */
function filters(): fc.Arbitrary<unknown> {
  const { type: _, ...fields } = filter.fields;
  const typeOf = (name: string) => {
    if (name === "cors") return "CORS";
    return name === "urlRewrite" ? "URLRewrite" : name.slice(0, 1).toUpperCase() + name.slice(1);
  };
  return fc.oneof(
    ...Object.entries(fields).map(([name, field]) => ({
      weight: /Modifier$|^urlRewrite$/.test(name) ? 9 : 1, // those that are acted on
      arbitrary: fc.record({ type: fc.constant(typeOf(name)), [name]: arbitraryOf(field) }),
    })),
  );
}

test("any rule that the schema lets in compiles to documents that proxies read", () => {
  const { items } = httpRouteSpec.fields.rules as ListSchema;
  const outcomes = { acts: 0, fails: 0, filters: 0, "no backend": 0 };
  const kvs = service("a");
  fc.assert(
    fc.property(arbitraryOf(items), (rule) => {
      const index = new MeshIndex();
      index.put(kvs);
      index.put(gateway([{ name: "http", protocol: "HTTP", port: 8080 }]));
      index.put(
        route({ parentRefs: [to("a"), { name: "front" }], rules: [rule as HttpRouteRule] }),
      );
      const { services, gateways, claims } = index.take();
      const compiled = services.get("default/a")!;
      expect(parseDocument(compiled.doc)).toMatchObject({ ok: true });
      const [mesh] = compiled.doc.ports[0]!.routes!.rules;
      const [outside] = gateways.get("default/front")!.sockets[0]!.routes.rules;
      expect(claims.get("HTTPRoute/default/r")!.parents).toHaveLength(2);
      // The two differ in what backends they may have, and in nothing else.
      expect({ ...outside, backends: [] }).toEqual({ ...mesh, backends: [] });
      outcomes[mesh!.fails === null ? "acts" : "fails"]++;
      outcomes.filters +=
        mesh!.filters.length + mesh!.backends.flatMap((one) => one.filters).length;
      outcomes["no backend"] += mesh!.backends.filter(({ backend }) => backend === null).length;
    }),
    { numRuns: 300, seed: 17 },
  );
  // Chance went everywhere.
  for (const [outcome, count] of Object.entries(outcomes)) {
    expect(count, outcome).toBeGreaterThan(20);
  }
});
