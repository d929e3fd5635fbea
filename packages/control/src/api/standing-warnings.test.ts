import {
  admit,
  gateway,
  route,
  service,
  to,
} from "@heddle/mesh/resource/compile/samples.fixture.ts";
import { MeshIndex } from "@heddle/mesh/resource/compile.ts";
import { builtInGatewayClass } from "@heddle/mesh/resource/gateway-api/gatewayclass.ts";
import type { KnownResource } from "@heddle/mesh/resource/index.ts";
import { expect, test } from "vitest";
import { standingWarnings } from "./standing-warnings.ts";

function warningsOf(...resources: readonly KnownResource[]): readonly string[] {
  const index = new MeshIndex();
  for (const one of resources) index.put(one);
  index.take();
  return standingWarnings(index).map(({ resource, reason, message }) =>
    [resource, reason, message].join(" "),
  );
}

test("what is wrong with a split stands as long as it is so", () => {
  const split = admit<KnownResource>({
    apiVersion: "split.smi-spec.io/v1alpha4",
    kind: "TrafficSplit",
    metadata: { name: "s", namespace: "default" },
    spec: { service: "kvs", backends: [{ service: "v1", weight: 1 }] },
  });
  expect(warningsOf(split)).toEqual([
    "TrafficSplit/default/s ServiceNotFound There is no Service kvs: nothing is split.",
  ]);
  expect(warningsOf(split, service("kvs"), service("v1"))).toEqual([]);
});

test("a route that names a Gateway nobody has is to be known: it has no condition of it", () => {
  const front = gateway([{ name: "http", protocol: "HTTP", port: 8080 }]);
  const both = route({ parentRefs: [to("kvs"), { name: "front" }] });
  expect(warningsOf(both, service("kvs"))).toEqual([
    "HTTPRoute/default/r NoMatchingParent spec.parentRefs[1]: no Gateway front of heddle's is there to attach it to.",
  ]);
  expect(warningsOf(both, service("kvs"), front, builtInGatewayClass as KnownResource)).toEqual([]);
});
