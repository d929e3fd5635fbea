import type { AncestorClaims, ParentClaims } from "@heddle/mesh/resource/compile/claims.ts";
import type { HttpRoute } from "@heddle/mesh/resource/gateway-api/httproute.ts";
import { builtInXMesh, supportedFeatures } from "@heddle/mesh/resource/gateway-api/xmesh.ts";
import type { ConditionClaim, Resource } from "@heddle/mesh/resource/meta.ts";
import { expect, test } from "vitest";
import { attachedStatus } from "./statuses.ts";
import { xMeshStatus } from "./xmesh-status.ts";

const ours = "heddle.dev/gateway-controller";
const claim = (type: string, status: "True" | "False" = "True"): ConditionClaim => ({
  type,
  status,
  reason: type,
  message: "",
});
const condition = (type: string, lastTransitionTime: string) => ({
  ...claim(type),
  lastTransitionTime,
  observedGeneration: 1,
});
const parentRefs = [
  { group: "", kind: "Service", name: "a" },
  { group: "", kind: "Service", name: "b" },
];
const route = (parents?: readonly object[]): HttpRoute =>
  ({
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: "r", generation: 2 },
    spec: { parentRefs },
    ...(parents === undefined ? {} : { status: { parents } }),
  }) as unknown as HttpRoute;
const parentClaims = (...parents: readonly number[]): readonly ParentClaims[] =>
  parents.map((parent) => ({
    route: "HTTPRoute/default/r",
    parent,
    conditions: [claim("Accepted"), claim("ResolvedRefs", "False")],
  }));
const written = (given: HttpRoute, claims: readonly ParentClaims[]) =>
  attachedStatus(given, { parents: claims }, "now") as {
    parents: { parentRef: object; controllerName: string; conditions: { type: string }[] }[];
  } | null;

test("each parent that is ours has an entry, with the generation it speaks of", () => {
  expect(written(route(), parentClaims(1))).toEqual({
    parents: [
      {
        parentRef: parentRefs[1],
        controllerName: ours,
        conditions: [
          { ...claim("Accepted"), lastTransitionTime: "now", observedGeneration: 2 },
          { ...claim("ResolvedRefs", "False"), lastTransitionTime: "now", observedGeneration: 2 },
        ],
      },
    ],
  });
});

test("entries of other controllers stay, ours for parents that are gone go", () => {
  const theirs = { parentRef: { name: "gw" }, controllerName: "a.b/c", conditions: [] };
  const stale = { parentRef: parentRefs[0], controllerName: ours, conditions: [] };
  expect(written(route([theirs, stale]), parentClaims(1))!.parents).toMatchObject([
    theirs,
    { parentRef: parentRefs[1], controllerName: ours },
  ]);
  expect(written(route([theirs, stale]), [])).toEqual({ parents: [theirs] });
  expect(written(route(), [])).toBeNull();
});

test("a condition keeps its time while its status does, and those of others in our entry stay", () => {
  const before = {
    parentRef: parentRefs[0],
    controllerName: ours,
    conditions: [
      condition("Accepted", "then"),
      condition("ResolvedRefs", "then"),
      condition("PartiallyInvalid", "then"),
      condition("example.com/Seen", "then"),
    ],
  };
  const [entry] = written(route([before]), parentClaims(0))!.parents;
  expect(entry!.conditions).toMatchObject([
    { type: "Accepted", lastTransitionTime: "then", observedGeneration: 2 },
    { type: "ResolvedRefs", lastTransitionTime: "now", observedGeneration: 2 },
    { type: "example.com/Seen", lastTransitionTime: "then", observedGeneration: 1 },
  ]);
});

test("no entry has more than 8 conditions, and no status more than 32 entries", () => {
  const many = Array.from({ length: 8 }, (_, index) => condition(`a.b/C${index}`, "then"));
  const before = { parentRef: parentRefs[0], controllerName: ours, conditions: many };
  expect(written(route([before]), parentClaims(0))!.parents[0]!.conditions).toHaveLength(8);
  const others = Array.from({ length: 32 }, (_, index) => ({
    parentRef: { name: `gw-${index}` },
    controllerName: "a.b/c",
    conditions: [],
  }));
  expect(written(route(others), parentClaims(0))!.parents).toHaveLength(32);
});

test("a policy of the Gateway API says of each target what became of it", () => {
  const policy: Resource = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "BackendTLSPolicy",
    metadata: { name: "p", generation: 3 },
  };
  const ancestor = { group: "", kind: "Service", name: "a", namespace: "default" };
  const ancestors: readonly AncestorClaims[] = [{ ancestor, conditions: [claim("Accepted")] }];
  expect(attachedStatus(policy, { ancestors }, "now")).toMatchObject({
    ancestors: [
      { ancestorRef: ancestor, controllerName: ours, conditions: [{ observedGeneration: 3 }] },
    ],
  });
});

test("an XMesh says which mesh it is and what it does, in order; parameters are none of ours", () => {
  const status = xMeshStatus(builtInXMesh, "shop.local", "now");
  expect(status.conditions).toMatchObject([
    {
      type: "Accepted",
      status: "True",
      message: "It is heddle's mesh with trust domain shop.local.",
    },
  ]);
  const names = status.supportedFeatures!.map(({ name }) => name);
  expect(names).toEqual([...supportedFeatures].sort());
  expect(names.length).toBeLessThanOrEqual(64);
  const parametersRef = { group: "", kind: "ConfigMap", name: "x" };
  const asking = { ...builtInXMesh, spec: { ...builtInXMesh.spec, parametersRef } };
  expect(xMeshStatus(asking, "shop.local", "now").conditions).toMatchObject([
    { status: "False", reason: "InvalidParameters" },
  ]);
});
