import { equal } from "../../real/equal.ts";
import { meshNamespace } from "../echo-mesh.ts";
import {
  backend,
  expectCondition,
  gatewayApi,
  manifest,
  parent,
  resource,
  route,
} from "../manifest.ts";
import { comesOut, holds, staysSo, type TrafficCase } from "../traffic-case.ts";
import { countWho, expectShare } from "../weights.ts";

const to = (name: string, more: object = {}) => backend(name, { port: 9090, ...more });
const parentRefs = [parent("echo", { port: 9090 })];

/** TCPRoute, and what of it is told. */
export const octetCases: readonly TrafficCase[] = [
  {
    name: "TCPRoute: connections go to its backend",
    manifests: manifest(route("TCPRoute", "r", [{ backendRefs: [to("echo-v2")] }], { parentRefs })),
    async run(mesh) {
      await staysSo(async () => equal(await mesh.client.talk("echo", "tcp"), "echo-v2-0", "who"));
      await expectCondition(mesh, [gatewayApi, "TCPRoute", "r"], "Accepted", "True Accepted");
    },
  },
  {
    name: "TCPRoute: connections are shared by weight",
    manifests: manifest(
      route(
        "TCPRoute",
        "r",
        [{ backendRefs: [to("echo-v1", { weight: 70 }), to("echo-v2", { weight: 30 })] }],
        { parentRefs },
      ),
    ),
    run: ({ client }) =>
      comesOut(async () => {
        const got = await countWho(100, () => client.talk("echo", "tcp"));
        expectShare(got, { "echo-v1": 70, "echo-v2": 30 }, 100);
      }),
  },
  {
    name: "TCPRoute: the share of an invalid backend is closed, and told",
    manifests: manifest(
      route("TCPRoute", "r", [{ backendRefs: [to("echo-v1"), to("absent")] }], { parentRefs }),
    ),
    async run(mesh) {
      const { client } = mesh;
      await comesOut(async () => {
        const got = await countWho(20, async () => (await client.talk("echo", "tcp")) || "closed");
        equal(`${got["echo-v1"]} ${got["closed"]}`, "10 10", JSON.stringify(got));
      });
      const object = [gatewayApi, "TCPRoute", "r"] as const;
      await expectCondition(mesh, object, "ResolvedRefs", "False BackendNotFound");
    },
  },
  {
    name: "TCPRoute: of v1alpha2 is one of v1",
    manifests: manifest({
      ...route("TCPRoute", "r", [{ backendRefs: [to("echo-v2")] }], { parentRefs }),
      apiVersion: "gateway.networking.k8s.io/v1alpha2",
    }),
    run: ({ client }) =>
      staysSo(async () => equal(await client.talk("echo", "tcp"), "echo-v2-0", "who")),
  },
  {
    name: "ReferenceGrant: a Gateway's route reaches another namespace only where that grants it",
    manifests: "",
    async run(mesh) {
      const port = await mesh.freePort();
      const gateway = resource(
        gatewayApi,
        "Gateway",
        "door",
        {
          gatewayClassName: "heddle",
          listeners: [{ name: "http", protocol: "HTTP", port }],
        },
        { namespace: "default" },
      );
      const outer = resource(
        gatewayApi,
        "HTTPRoute",
        "through-door",
        {
          parentRefs: [{ name: "door" }],
          rules: [{ backendRefs: [backend("echo-v1", { namespace: meshNamespace })] }],
        },
        { namespace: "default" },
      );
      const made = await mesh.apply(manifest(gateway, outer));
      try {
        await holds(async () => equal(await mesh.statusAt(port), 500, "without a grant"), 20_000);
        const grant = await mesh.apply(
          manifest(
            resource("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", "grant", {
              from: [
                { group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "default" },
              ],
              to: [{ group: "", kind: "Service", name: "echo-v1" }],
            }),
          ),
        );
        await holds(async () => equal(await mesh.statusAt(port), 200, "with one"));
        await mesh.remove(grant);
        await holds(async () => equal(await mesh.statusAt(port), 500, "once it is gone"));
      } finally {
        await mesh.remove(made);
      }
    },
  },
];
