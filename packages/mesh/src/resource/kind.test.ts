import { describe, expect, test } from "vitest";
import { checkResource } from "./check.ts";
import { findKind, findKindsByWord } from "./index.ts";
import { buildKind, type Fields, type Kind, shownForm, storedForm } from "./kind.ts";
import type { Resource } from "./meta.ts";
import { formatProblem } from "./schema/problem.ts";
import { defaulted, integer, object, required, text } from "./schema/schema.ts";

/** A kind that is kept in v2, where the size has moved below `spec` and counts in thousandths. */
const box = buildKind({
  group: "example.com",
  version: "v2",
  kind: "Box",
  plural: "boxes",
  isNamespaced: true,
  spec: object({ milli: required(integer({ minimum: 0 })), colour: defaulted(text(), "grey") }),
  status: null,
  columns: [{ name: "MILLI", type: "number", value: ({ spec }) => (spec as Spec).milli ?? null }],
  served: [
    { version: "v2beta1" },
    {
      version: "v1",
      spec: null,
      fields: { size: required(integer({ minimum: 0 })) },
      toStored: ({ size, ...rest }) => ({ ...rest, spec: { milli: (size as number) * 1000 } }),
      fromStored: ({ spec, ...rest }) => ({ ...rest, size: ((spec as Spec).milli ?? 0) / 1000 }),
    },
  ],
});

interface Spec {
  readonly milli?: number;
}

const [beta, v1] = box.served as [Kind, Kind];
const metadata = { name: "b" };
const old = { apiVersion: "example.com/v1", kind: "Box", metadata, size: 2 };
const kept = { apiVersion: "example.com/v2", kind: "Box", metadata, spec: { milli: 2000 } };

describe("a kind that is served in other versions", () => {
  test("is checked in the version it is written in, and kept in one", () => {
    const checked = checkResource(v1, old);
    expect(checked).toMatchObject({ ok: true, notes: [] });
    expect(checked.ok && checked.resource).toEqual({
      ...kept,
      spec: { milli: 2000, colour: "grey" }, // the default of a field that v1 knows nothing of
    });
    expect(checkResource(beta, { ...kept, apiVersion: "example.com/v2beta1" })).toMatchObject({
      ok: true,
      resource: { apiVersion: "example.com/v2" },
    });
  });

  test("says what is wrong at the paths of the version it is written in", () => {
    const problems = (kind: Kind, value: object) => {
      const checked = checkResource(kind, value);
      return checked.ok ? [] : checked.problems.map(formatProblem);
    };
    expect(problems(v1, { ...old, size: -1 })).toEqual([
      "size: expected a whole number >= 0, got -1",
    ]);
    expect(problems(box, { ...kept, spec: { milli: -1 } })).toEqual([
      "spec.milli: expected a whole number >= 0, got -1",
    ]);
    expect(problems(v1, { ...kept, apiVersion: "example.com/v1" })).toEqual([
      "spec: unknown field",
      "size: required",
    ]);
  });

  test("goes there and back, and is left alone in the version that is kept", () => {
    expect(shownForm(v1, kept as Resource)).toEqual(old);
    expect(storedForm(v1, shownForm(v1, kept as Resource))).toEqual(kept);
    expect(shownForm(box, kept as Resource)).toBe(kept);
    expect(storedForm(box, kept as Resource)).toBe(kept);
  });

  test("has columns in every version", () => {
    const shown = (kind: Kind, resource: Fields) =>
      kind.columns.map(({ value }) => value(resource as unknown as Resource));
    expect(shown(box, kept)).toEqual([2000]);
    expect(shown(v1, old)).toEqual([2000]);
  });
});

test("a word may name the group, and the version", () => {
  const found = (word: string) => findKindsByWord(word).map(({ kind, version }) => [kind, version]);
  expect(found("httproute")).toEqual([["HTTPRoute", "v1"]]);
  expect(found("httproutes.gateway.networking.k8s.io")).toEqual([["HTTPRoute", "v1"]]);
  expect(found("httproutes.v1beta1.gateway.networking.k8s.io")).toEqual([["HTTPRoute", "v1beta1"]]);
  expect(found("services.v1")).toEqual([["Service", "v1"]]);
  expect(found("services.v2")).toEqual([]);
  expect(findKind("gateway.networking.k8s.io/v1beta1", "HTTPRoute")?.conversion).not.toBeNull();
  expect(findKind("gateway.networking.k8s.io/v1beta2", "HTTPRoute")).toBeNull();
});
