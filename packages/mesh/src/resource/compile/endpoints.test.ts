import { expect, test } from "vitest";
import { tcp } from "../../model/address.ts";
import type { Service } from "../core/service.ts";
import { compileEndpoints } from "./endpoints.ts";
import type { WorkloadView } from "./workload-view.ts";

const service: Service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "kvs" },
  spec: { selector: { app: "kvs" }, ports: [{ port: 80 }] },
} as Service;

function endpointOf(labels: Record<string, string>, wanted: readonly string[] = []) {
  const view: WorkloadView = {
    uid: "u",
    name: "kvs-0",
    namespace: "default",
    identity: null,
    labels: { app: "kvs", ...labels },
    ports: [],
    gateway: null,
    inbound: tcp("127.0.0.1", 1),
    state: { phase: "ready" },
  };
  return compileEndpoints(service, [view], null, new Set(wanted)).endpoints[0];
}

test("an endpoint without labels that matter says nothing of them", () => {
  const endpoint = endpointOf({});
  expect(Object.keys(endpoint!)).toEqual(["uid", "workload", "address", "identity", "state"]);
});

test("zone and priority come from labels", () => {
  const labels = { "topology.kubernetes.io/zone": "a", "heddle.dev/priority": "2" };
  expect(endpointOf(labels)).toMatchObject({ zone: "a", priority: 2 });
});

test.each(["", "-1", "x", "1.5", "1000"])("a priority of %j is none", (said) => {
  expect(endpointOf({ "heddle.dev/priority": said })).not.toHaveProperty("priority");
});

test("of other labels those that subsets ask for", () => {
  const labels = { version: "v2", secret: "x" };
  expect(endpointOf(labels, ["version", "stage"])).toMatchObject({ labels: { version: "v2" } });
});
