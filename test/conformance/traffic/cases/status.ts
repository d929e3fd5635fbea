import { equal } from "../../real/equal.ts";
import { meshNamespace } from "../echo-mesh.ts";
import {
  backend,
  conditionsOf,
  expectCondition,
  gatewayApi,
  httpRoute,
  manifest,
  parent,
  path,
  route,
} from "../manifest.ts";
import { expectAnswer, holds, type TrafficCase } from "../traffic-case.ts";

const http = (name: string) => [gatewayApi, "HTTPRoute", name] as const;
const toV1 = { backendRefs: [backend("echo-v1")] };
/** A port that says nothing of its protocol, so that every kind may be attached to it. */
const onUndeclared = { parentRefs: [parent("echo", { port: 9090 })] };

/** What routes say of themselves: none of it is looked at by upstream's mesh cases. */
export const statusCases: readonly TrafficCase[] = [
  {
    name: "status: accepted and resolved, for the generation that is there, by our controller",
    manifests: manifest(httpRoute("r", [toV1])),
    async run(mesh) {
      const accepted = await expectCondition(mesh, http("r"), "Accepted", "True Accepted");
      await expectCondition(mesh, http("r"), "ResolvedRefs", "True ResolvedRefs");
      equal(accepted.observedGeneration, 1, "generation");
      const { status } = (await mesh.get(gatewayApi, "HTTPRoute", "r")) as unknown as {
        readonly status: {
          readonly parents: readonly {
            readonly controllerName: string;
            readonly parentRef: unknown;
          }[];
        };
      };
      equal(status.parents.length, 1, "parents");
      equal(/^[a-z.]+\/[a-z-/]+$/.test(status.parents[0]!.controllerName), true, "controllerName");
      const { name, port, kind } = status.parents[0]!.parentRef as Readonly<
        Record<string, unknown>
      >;
      equal(`${kind} ${name} ${port}`, "Service echo 80", "parentRef");
    },
  },
  {
    name: "status: a changed route is told of in its new generation",
    manifests: manifest(httpRoute("r", [toV1])),
    async run(mesh) {
      await expectCondition(mesh, http("r"), "Accepted", "True Accepted");
      await mesh.apply(manifest(httpRoute("r", [{ backendRefs: [backend("absent")] }])));
      const found = await expectCondition(mesh, http("r"), "ResolvedRefs", "False BackendNotFound");
      equal(found.observedGeneration, 2, "generation");
      const accepted = await expectCondition(mesh, http("r"), "Accepted", "True Accepted");
      equal(accepted.observedGeneration, 2, "generation of Accepted");
    },
  },
  {
    name: "status: NoMatchingParent for a port, and for a section, that the Service has not",
    manifests: manifest(
      httpRoute("port", [toV1], { parentRefs: [parent("echo", { port: 81 })] }),
      httpRoute("section", [toV1], { parentRefs: [parent("echo", { sectionName: "absent" })] }),
      httpRoute("both", [toV1], {
        parentRefs: [parent("echo", { port: 80, sectionName: "grpc" })],
      }),
    ),
    async run(mesh) {
      for (const name of ["port", "section", "both"])
        await expectCondition(mesh, http(name), "Accepted", "False NoMatchingParent");
    },
  },
  {
    name: "status: one entry for each parent",
    manifests: manifest(
      httpRoute("r", [toV1], { parentRefs: [parent("echo"), parent("echo-v2", { port: 81 })] }),
    ),
    async run(mesh) {
      await holds(async () => {
        const { status } = (await mesh.get(gatewayApi, "HTTPRoute", "r")) as unknown as {
          readonly status: {
            readonly parents: readonly {
              readonly parentRef: { readonly name: string };
              readonly conditions: readonly { readonly type: string; readonly status: string }[];
            }[];
          };
        };
        const told = status.parents.map(
          ({ parentRef, conditions }) =>
            `${parentRef.name} ${conditions.find(({ type }) => type === "Accepted")?.status}`,
        );
        equal(told.join(), "echo True,echo-v2 False", "parents");
      });
    },
  },
  {
    name: "status: BackendNotFound, InvalidKind, UnsupportedProtocol; accepted all the same",
    manifests: manifest(
      httpRoute("absent", [{ backendRefs: [backend("absent")] }]),
      httpRoute("kind", [{ backendRefs: [{ group: "example.com", kind: "Thing", name: "x" }] }]),
      httpRoute("protocol", [{ backendRefs: [backend("opaque", { port: 80 })] }]),
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "opaque", namespace: meshNamespace },
        spec: {
          selector: { app: "echo" },
          ports: [{ port: 80, targetPort: 9090, appProtocol: "tcp" }],
        },
      },
    ),
    async run(mesh) {
      await expectCondition(mesh, http("absent"), "ResolvedRefs", "False BackendNotFound");
      await expectCondition(mesh, http("kind"), "ResolvedRefs", "False InvalidKind");
      await expectCondition(mesh, http("protocol"), "ResolvedRefs", "False UnsupportedProtocol");
      for (const name of ["absent", "kind", "protocol"])
        await expectCondition(mesh, http(name), "Accepted", "True Accepted");
    },
  },
  {
    name: "status: a filter that nobody knows fails its rule, and is told of",
    manifests: manifest(
      httpRoute("r", [
        {
          matches: [path("/bad")],
          filters: [
            {
              type: "ExtensionRef",
              extensionRef: { group: "example.com", kind: "Thing", name: "x" },
            },
          ],
          ...toV1,
        },
        { matches: [path("/good")], ...toV1 },
      ]),
    ),
    async run(mesh) {
      await expectAnswer(mesh.client, { url: "http://echo/good", backend: "echo-v1" });
      await expectAnswer(mesh.client, { url: "http://echo/bad", status: 500 });
      await holds(async () => {
        const all = await conditionsOf(mesh, ...http("r"));
        const told = all.map(({ type, status, reason }) => `${type} ${status} ${reason}`);
        const isTold = told.some((one) =>
          /^(Accepted False UnsupportedValue|PartiallyInvalid True|ResolvedRefs False)/.test(one),
        );
        equal(isTold, true, told.join("; "));
      });
    },
  },
  {
    name: "kinds on one port: GRPCRoute before HTTPRoute before TCPRoute, losers Conflicted",
    manifests: manifest(
      route("TCPRoute", "tcp", [{ backendRefs: [backend("echo-v2")] }], onUndeclared),
      httpRoute("http", [toV1], onUndeclared),
    ),
    async run(mesh) {
      await expectCondition(mesh, [gatewayApi, "TCPRoute", "tcp"], "Accepted", "False Conflicted");
      await expectCondition(mesh, http("http"), "Accepted", "True Accepted");
      await expectAnswer(mesh.client, { url: "http://echo:9090/", backend: "echo-v1" });
      const grpc = await mesh.apply(
        manifest(
          route(
            "GRPCRoute",
            "grpc",
            [{ backendRefs: [backend("echo-v2", { port: 7070 })] }],
            onUndeclared,
          ),
        ),
      );
      await expectCondition(mesh, http("http"), "Accepted", "False Conflicted");
      await expectCondition(mesh, [gatewayApi, "GRPCRoute", "grpc"], "Accepted", "True Accepted");
      await mesh.remove(grpc);
      await expectCondition(mesh, http("http"), "Accepted", "True Accepted");
    },
  },
  {
    name: "a UDPRoute is told that it is not carried",
    manifests: manifest(route("UDPRoute", "udp", [{ backendRefs: [backend("echo-v1")] }])),
    async run(mesh) {
      await expectCondition(
        mesh,
        [gatewayApi, "UDPRoute", "udp"],
        "Accepted",
        "False UnsupportedValue",
      );
    },
  },
  {
    name: "a route of v1beta1 is one of v1",
    manifests: manifest({
      ...httpRoute("beta", [{ matches: [path("/beta")], ...toV1 }]),
      apiVersion: "gateway.networking.k8s.io/v1beta1",
    }),
    async run(mesh) {
      await expectAnswer(mesh.client, { url: "http://echo/beta", backend: "echo-v1" });
      await expectCondition(mesh, http("beta"), "Accepted", "True Accepted");
    },
  },
];
