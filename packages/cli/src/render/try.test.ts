import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { expect, test } from "vitest";
import { tryCommand } from "./try.ts";

const route: Resource = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "HTTPRoute",
  metadata: { name: "front" },
  spec: {
    parentRefs: [{ name: "front" }],
    rules: [
      {
        matches: [{ path: { type: "PathPrefix", value: "/kvs" } }],
        backendRefs: [{ name: "kvs", port: 80 }],
      },
    ],
  },
};
const placement: Resource = {
  apiVersion: "heddle.dev/v1alpha1",
  kind: "Placement",
  metadata: { name: "kvs-by-key" },
  spec: { targetRefs: [{ name: "kvs" }], key: { pathSegment: 1, type: "integer" } },
};

test("a service that keeps state by number is written to and read from", () => {
  expect(tryCommand("http://127.0.0.1:8080", "front", [route, placement])).toBe(
    "curl -X PUT --data hello http://127.0.0.1:8080/kvs/1 && curl http://127.0.0.1:8080/kvs/1",
  );
});

test("any other is asked", () => {
  expect(tryCommand("http://127.0.0.1:8080", "front", [route])).toBe(
    "curl http://127.0.0.1:8080/kvs/",
  );
});

test("a gateway that leads nowhere is not tried", () => {
  expect(tryCommand("http://127.0.0.1:8080", "other", [route])).toBeNull();
});
