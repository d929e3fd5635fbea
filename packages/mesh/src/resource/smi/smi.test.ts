import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkResource } from "../check.ts";
import { findKind } from "../index.ts";
import { type Fields, shownForm } from "../kind.ts";
import type { Resource } from "../meta.ts";
import { formatProblem } from "../schema/problem.ts";
import { laterFieldsAnnotation } from "./group.ts";
import { formatMilli, parseMilli } from "./quantity.ts";

const groups: Readonly<Record<string, string>> = {
  TrafficSplit: "split.smi-spec.io",
  HTTPRouteGroup: "specs.smi-spec.io",
  TCPRoute: "specs.smi-spec.io",
  UDPRoute: "specs.smi-spec.io",
};

function check(kind: string, version: string, fields: Fields) {
  const apiVersion = `${groups[kind]}/v1alpha${version.slice(1)}`;
  const value = { apiVersion, kind, metadata: { name: "x" }, ...fields };
  return checkResource(findKind(apiVersion, kind)!, value);
}

/** As it is kept. */
function kept(kind: string, version: string, fields: Fields): Resource {
  const checked = check(kind, version, fields);
  if (!checked.ok) throw new Error(checked.problems.map(formatProblem).join("\n"));
  return checked.resource;
}

function problemsOf(kind: string, version: string, fields: Fields): readonly string[] {
  const checked = check(kind, version, fields);
  return checked.ok ? [] : checked.problems.map(formatProblem);
}

/** A kept object as an older version shows it. */
function shown(resource: Resource, version: string): Resource {
  const [group] = resource.apiVersion.split("/");
  return shownForm(findKind(`${group}/v1alpha${version.slice(1)}`, resource.kind)!, resource);
}

describe("a TrafficSplit", () => {
  const split = (...weights: unknown[]) => ({
    spec: {
      service: "root",
      backends: weights.map((weight, index) => ({ service: `b${index}`, weight })),
    },
  });
  const weights = (resource: Resource) =>
    (resource.spec as { backends: { weight: unknown }[] }).backends.map(({ weight }) => weight);

  test("of v1alpha1 has quantities, kept in thousandths", () => {
    expect(weights(kept("TrafficSplit", "v1", split(1, "500m", "0m", "1500m", "2k")))).toEqual([
      1000, 500, 0, 1500, 2_000_000,
    ]);
    expect(weights(shown(kept("TrafficSplit", "v4", split(1000, 500, 0)), "v1"))).toEqual([
      "1",
      "500m",
      "0",
    ]);
  });

  test("of later versions has whole numbers, kept as they are", () => {
    for (const version of ["v2", "v3", "v4"]) {
      expect(weights(kept("TrafficSplit", version, split(90, 10)))).toEqual([90, 10]);
    }
  });

  test("keeps its matches when a client of an older version writes it back", () => {
    const matches = [{ kind: "HTTPRouteGroup", name: "firefox" }];
    const whole = kept("TrafficSplit", "v4", { spec: { ...split(90, 10).spec, matches } });
    for (const version of ["v1", "v2"]) {
      const { spec, metadata } = shown(whole, version);
      expect(spec).not.toHaveProperty("matches");
      expect(metadata.annotations?.[laterFieldsAnnotation]).toContain("firefox");
      const back = kept("TrafficSplit", version, { spec, metadata });
      expect(back).toEqual(whole);
    }
    expect(shown(kept("TrafficSplit", "v4", split(1)), "v2").metadata).toEqual({ name: "x" });
  });

  test("weights that are none are refused where they are written", () => {
    expect(problemsOf("TrafficSplit", "v4", split(1, -1, 0.5, "1"))).toEqual([
      "spec.backends[1].weight: expected a whole number >= 0, got -1",
      "spec.backends[2].weight: expected a whole number >= 0, got 0.5",
      'spec.backends[3].weight: expected a whole number >= 0, got "1"',
    ]);
    expect(problemsOf("TrafficSplit", "v1", split(1, "-1", "1u", "many"))).toHaveLength(3);
    expect(problemsOf("TrafficSplit", "v1", split("-1"))).toEqual([
      'spec.backends[0].weight: expected a quantity >= 0 in thousandths such as 1 or 500m, got "-1"',
    ]);
  });

  test("matches are not known before v1alpha3, and are groups of HTTP alone", () => {
    const matches = [{ kind: "TCPRoute", name: "x" }];
    const spec = { ...split(1).spec, matches };
    expect(problemsOf("TrafficSplit", "v2", { spec })).toEqual(["spec.matches: unknown field"]);
    expect(problemsOf("TrafficSplit", "v4", { spec })).toEqual([
      'spec.matches[0].kind: expected HTTPRouteGroup, got "TCPRoute"',
    ]);
  });

  test("an annotation that holds nonsense is refused, or says nothing", () => {
    const annotated = (text: string) => ({
      ...split(1),
      metadata: { name: "x", annotations: { [laterFieldsAnnotation]: text } },
    });
    expect(problemsOf("TrafficSplit", "v2", annotated('{"matches":[{}]}'))).toEqual([
      "spec.matches[0].kind: required",
      "spec.matches[0].name: required",
    ]);
    expect(problemsOf("TrafficSplit", "v2", annotated("somebody else's"))).toEqual([]);
    expect(kept("TrafficSplit", "v2", annotated('{"service":"other"}')).spec).toMatchObject({
      service: "root",
    });
  });
});

describe("an HTTPRouteGroup", () => {
  const match = {
    name: "m",
    pathRegex: "/a",
    methods: ["GET"],
    headers: [{ a: ".*" }, { b: "x" }],
  };

  test("has its matches at the top before v1alpha3, and below spec from then on", () => {
    for (const version of ["v1", "v2"]) {
      const resource = kept("HTTPRouteGroup", version, { matches: [match] });
      expect(resource.spec).toEqual({ matches: [match] });
      expect(resource).not.toHaveProperty("matches");
      expect(shown(resource, version)).toMatchObject({ matches: [match] });
      expect(shown(resource, version)).not.toHaveProperty("spec");
      expect(problemsOf("HTTPRouteGroup", version, { spec: { matches: [match] } })).not.toEqual([]);
    }
    for (const version of ["v3", "v4"]) {
      for (const fields of [{ spec: { matches: [match] } }, { matches: [match] }]) {
        expect(kept("HTTPRouteGroup", version, fields).spec).toEqual({ matches: [match] });
      }
      expect(problemsOf("HTTPRouteGroup", version, {})).toEqual(["spec: required"]);
      expect(problemsOf("HTTPRouteGroup", version, { spec: { matches: [] }, matches: [] })).toEqual(
        ["matches: is there already, in spec"],
      );
    }
  });

  test("takes headers as one map, or as a list of maps, and gives a list of one each", () => {
    for (const version of ["v3", "v4"]) {
      for (const headers of [{ a: ".*", b: "x" }, [{ a: ".*", b: "x" }], match.headers]) {
        const { spec } = kept("HTTPRouteGroup", version, {
          spec: { matches: [{ ...match, headers }] },
        });
        expect(spec).toEqual({ matches: [match] });
      }
    }
  });

  test("names each match once, methods as they are, headers by names with text", () => {
    const problems = (...matches: object[]) =>
      problemsOf("HTTPRouteGroup", "v4", { spec: { matches } });
    expect(problems(match, match)).toEqual(['spec.matches[1].name: "m" is there already, at [0]']);
    expect(problemsOf("HTTPRouteGroup", "v2", { matches: [match, match] })).toEqual([
      'matches[1].name: "m" is there already, at [0]',
    ]);
    expect(problems({ name: "m", methods: ["get"] })).toHaveLength(1);
    expect(problems({ name: "m", headers: [{ "a b": "x" }] })).toHaveLength(1);
    expect(problems({ name: "m", headers: { a: 1 } })).toEqual([
      "spec.matches[0].headers.a: expected a pattern, as text",
    ]);
    expect(problems({ name: "m", headers: "a" })).toHaveLength(1);
    expect(problems({})).toEqual(["spec.matches[0].name: required"]);
  });
});

describe.each(["TCPRoute", "UDPRoute"])("SMI's %s", (kind) => {
  const ports = (...list: unknown[]) => ({ spec: { matches: { ports: list } } });

  test("has ports, 1 to 65535; none are all", () => {
    expect(problemsOf(kind, "v4", ports(1, 65535))).toEqual([]);
    expect(problemsOf(kind, "v4", ports())).toEqual([]);
    expect(problemsOf(kind, "v4", ports(0, 65536, "80"))).toHaveLength(3);
    expect(problemsOf(kind, "v4", {})).toEqual(["spec: required"]);
  });

  test("before v1alpha4 means all ports, and keeps those it has no words for", () => {
    for (const [version, fields] of [
      ["v1", {}],
      ["v2", {}],
      ["v3", { spec: {} }],
    ] as const) {
      expect(kept(kind, version, fields).spec).toEqual({ matches: { ports: [] } });
      const whole = kept(kind, "v4", ports(3306));
      const { apiVersion: _, kind: __, ...rest } = shown(whole, version);
      expect(kept(kind, version, rest as unknown as Fields)).toEqual(whole);
    }
  });
});

test("a quantity is read as Kubernetes does, in thousandths", () => {
  const read = Object.fromEntries(
    ["1", "0", "500m", "1.5", ".5", "1e3", "1E-3", "2k", "1Ki", "1M", "1000u", "+1", 2].map(
      (text) => [text, parseMilli(text)],
    ),
  );
  expect(read).toEqual({
    "1": 1000,
    "0": 0,
    "500m": 500,
    "1.5": 1500,
    ".5": 500,
    "1e3": 1_000_000,
    "1E-3": 1,
    "2k": 2_000_000,
    "1Ki": 1_024_000,
    "1M": 1_000_000_000,
    "1000u": 1,
    "+1": 1000,
    "2": 2000,
  });
  for (const text of ["", ".", "-1", "1u", "0.0001", "1x", "1 m", "9E", "m", "0x1", "1e99"]) {
    expect([text, parseMilli(text)]).toEqual([text, null]);
  }
  fc.assert(
    fc.property(fc.nat(), (milli) => {
      expect(parseMilli(formatMilli(milli))).toBe(milli);
    }),
    { seed: 5 },
  );
});
