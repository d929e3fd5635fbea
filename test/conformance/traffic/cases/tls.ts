import { equal } from "../../real/equal.ts";
import { type EchoMesh, meshNamespace } from "../echo-mesh.ts";
import {
  backend,
  expectCondition,
  gatewayApi,
  manifest,
  parent,
  resource,
  route,
} from "../manifest.ts";
import { expectAnswer, holds, staysSo, type TrafficCase } from "../traffic-case.ts";

const to = (name: string) => backend(name, { port: 443 });
const parentRefs = [parent("echo", { port: 443 })];
const hostname = "echo.example.test";

function tlsRoute(name: string, hostnames: readonly string[], to: readonly object[]): object {
  return route("TLSRoute", name, [{ backendRefs: to }], { parentRefs, hostnames });
}

/** Says of echo-v1's port 443 that its process speaks TLS, and whom to trust there. */
function policy(name: string, validation: object, service = "echo-v1"): object {
  return resource(gatewayApi, "BackendTLSPolicy", name, {
    targetRefs: [{ group: "", kind: "Service", name: service, sectionName: "https" }],
    validation,
  });
}

const trusted = {
  caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "ca" }],
  hostname,
};

/** What the echo servers' certificate is signed by: itself. */
function authority({ certificate }: EchoMesh): object {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "ca", namespace: meshNamespace },
    data: { "ca.crt": certificate },
  };
}

const bts = (name: string) => [gatewayApi, "BackendTLSPolicy", name] as const;

/** TLS that nobody opens, and TLS that a destination's proxy speaks to its process. */
export const tlsCases: readonly TrafficCase[] = [
  {
    name: "TLSRoute: connections go by their server name; a name that none has is closed",
    manifests: manifest(
      tlsRoute("one", ["one.example.test"], [to("echo-v1")]),
      tlsRoute("two", ["*.two.example.test"], [to("echo-v2")]),
    ),
    async run({ client }) {
      const who = async (name: string) => (await client.askTls("echo", name))?.hostname ?? "closed";
      await staysSo(async () => equal(await who("one.example.test"), "echo-v1-0", "one"));
      await staysSo(async () => equal(await who("a.two.example.test"), "echo-v2-0", "two"));
      await staysSo(async () => equal(await who("three.example.test"), "closed", "three"));
    },
  },
  {
    name: "BackendTLSPolicy: the process is spoken to in TLS, by the name that is said",
    manifests: manifest(policy("p", trusted)),
    async run(mesh) {
      const ca = await mesh.apply(manifest(authority(mesh)));
      try {
        await staysSo(async () => {
          const { status, echo } = await mesh.client.ask("http://echo-v1:443/");
          equal(status, 200, "status");
          equal(echo?.serverName, hostname, "server name at the process");
        });
        const accepted = await expectCondition(mesh, bts("p"), "Accepted", "True Accepted");
        equal(accepted.observedGeneration, 1, "generation");
        await expectCondition(mesh, bts("p"), "ResolvedRefs", "True ResolvedRefs");
      } finally {
        await mesh.remove(ca);
      }
    },
  },
  {
    name: "BackendTLSPolicy: a certificate for another name is not trusted",
    manifests: manifest(policy("p", { ...trusted, hostname: "other.example.test" })),
    async run(mesh) {
      const ca = await mesh.apply(manifest(authority(mesh)));
      try {
        await expectCondition(mesh, bts("p"), "Accepted", "True Accepted");
        await holds(async () => {
          const { status } = await mesh.client.ask("http://echo-v1:443/");
          equal(status >= 500, true, `status ${status}`);
        });
      } finally {
        await mesh.remove(ca);
      }
    },
  },
  {
    name: "BackendTLSPolicy: of two on one port the older holds, the other is Conflicted",
    manifests: manifest(policy("a-first", trusted), policy("b-second", trusted)),
    async run(mesh) {
      const ca = await mesh.apply(manifest(authority(mesh)));
      try {
        await expectCondition(mesh, bts("a-first"), "Accepted", "True Accepted");
        await expectCondition(mesh, bts("b-second"), "Accepted", "False Conflicted");
        await expectAnswer(mesh.client, { url: "http://echo-v1:443/", backend: "echo-v1" });
      } finally {
        await mesh.remove(ca);
      }
    },
  },
  {
    name: "BackendTLSPolicy: without an authority that can be read nothing is sent",
    manifests: manifest(policy("p", trusted)),
    async run(mesh) {
      await expectCondition(mesh, bts("p"), "ResolvedRefs", "False InvalidCACertificateRef");
      await expectCondition(mesh, bts("p"), "Accepted", "False NoValidCACertificate");
      await holds(async () => {
        const { status } = await mesh.client.ask("http://echo-v1:443/");
        equal(status >= 500, true, `status ${status}`);
      });
    },
  },
  {
    name: "XMesh: there from the start, accepted, with the features that are supported, sorted",
    manifests: "",
    run: (mesh) =>
      holds(async () => {
        const got = await mesh.heddle("get", "xmeshes", "-A", "-o", "json");
        const { items } = JSON.parse(got.stdout) as { readonly items: readonly XMeshLike[] };
        const { conditions = [], supportedFeatures = [] } = items[0]?.status ?? {};
        equal(conditions.find(({ type }) => type === "Accepted")?.status, "True", "Accepted");
        const names = supportedFeatures.map(({ name }) => name);
        equal(names.join(), [...names].sort().join(), "features in order");
        for (const name of extendedFeatures) equal(names.includes(name), true, name);
      }),
  },
];

interface XMeshLike {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly supportedFeatures?: readonly { readonly name: string }[];
  };
}

/** The extended features of upstream's two profiles for meshes: all nine. */
const extendedFeatures = [
  "MeshClusterIPMatching",
  "MeshConsumerRoute",
  "MeshHTTPRouteBackendRequestHeaderModification",
  "MeshHTTPRouteNamedRouteRule",
  "MeshHTTPRouteQueryParamMatching",
  "MeshHTTPRouteRedirectPath",
  "MeshHTTPRouteRedirectPort",
  "MeshHTTPRouteRewritePath",
  "MeshHTTPRouteSchemeRedirect",
];
