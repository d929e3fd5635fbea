import { equal } from "../../real/equal.ts";
import { upstream } from "../echo-mesh.ts";
import {
  type AskedMesh,
  comesOut,
  type Expected,
  expectAnswer,
  expectAnswers,
  holds,
  type TrafficCase,
} from "../traffic-case.ts";
import { expectShare, expectShares, grpcShares } from "../weights.ts";

/** The mesh cases of upstream's suite, by its names: 22 of v1.6.1, and the one that main adds. What each asks and expects is upstream's. */
export const upstreamCases: readonly TrafficCase<AskedMesh>[] = [
  {
    name: "MeshBasic",
    manifests: "",
    run: ({ client }) => expectAnswer(client, { url: "http://echo/" }),
  },
  {
    name: "MeshHTTPRouteSimpleSameNamespace",
    manifests: upstream("httproute-simple-same-namespace"),
    run: ({ client }) => expectAnswer(client, { url: "http://echo/", backend: "echo-v1" }),
  },
  {
    name: "MeshTrafficSplit",
    manifests: upstream("mesh-split"),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo/v1", backend: "echo-v1" },
        { url: "http://echo/v2", backend: "echo-v2" },
      ]),
  },
  {
    name: "MeshHTTPRouteMatching",
    manifests: upstream("httproute-matching"),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo/", backend: "echo-v1" },
        { url: "http://echo/example", backend: "echo-v1" },
        { url: "http://echo/", headers: { Version: "one" }, backend: "echo-v1" },
        { url: "http://echo/v2", backend: "echo-v2" },
        { url: "http://echo/v2/example", backend: "echo-v2" },
        { url: "http://echo/", headers: { Version: "two" }, backend: "echo-v2" },
        { url: "http://echo/v2/", backend: "echo-v2" },
        { url: "http://echo/v2example", backend: "echo-v1" },
        { url: "http://echo/foo/v2/example", backend: "echo-v1" },
      ]),
  },
  {
    name: "MeshHTTPRouteWeight",
    manifests: upstream("httproute-weight"),
    async run({ client }) {
      await comesOut(() => expectShares(client, "http://echo/", { "echo-v1": 70, "echo-v2": 30 }));
    },
  },
  {
    name: "MeshHTTPRouteRequestHeaderModifier",
    manifests: upstream("httproute-request-header-modifier"),
    run: ({ client }) => expectAnswers(client, headerEdits),
  },
  {
    name: "MeshHTTPRouteBackendRequestHeaderModifier",
    manifests: upstream("httproute-request-header-modifier-backend"),
    run: ({ client }) => expectAnswers(client, headerEdits),
  },
  {
    name: "MeshHTTPRouteRedirectHostAndStatus",
    manifests: upstream("httproute-redirect-host-and-status"),
    run: ({ client }) =>
      expectAnswers(client, [
        redirect("/hostname-redirect", 302, "http://example.org/hostname-redirect"),
        redirect("/host-and-status", 301, "http://example.org/host-and-status"),
      ]),
  },
  {
    name: "MeshHTTPRouteRedirectPath",
    manifests: upstream("httproute-redirect-path"),
    run: ({ client }) =>
      expectAnswers(client, [
        redirect("/original-prefix/lemon", 302, "http://echo/replacement-prefix/lemon"),
        redirect("/full/path/original", 302, "http://echo/full-path-replacement"),
        redirect("/path-and-host", 302, "http://example.org/replacement-prefix"),
        redirect("/path-and-status", 301, "http://echo/replacement-prefix"),
        redirect("/full-path-and-host", 302, "http://example.org/replacement-full"),
        redirect("/full-path-and-status", 301, "http://echo/replacement-full"),
      ]),
  },
  {
    name: "MeshHTTPRouteRedirectPort",
    manifests: upstream("httproute-redirect-port"),
    run: ({ client }) =>
      expectAnswers(client, [
        redirect("/port", 302, "http://echo:8083/port"),
        redirect("/port-and-host", 302, "http://example.org:8083/port-and-host"),
        redirect("/port-and-status", 301, "http://echo:8083/port-and-status"),
        redirect(
          "/port-and-host-and-status",
          302,
          "http://example.org:8083/port-and-host-and-status",
        ),
      ]),
  },
  {
    name: "MeshHTTPRouteSchemeRedirect",
    manifests: upstream("httproute-redirect-scheme"),
    run: ({ client }) =>
      expectAnswers(client, [
        redirect("/scheme", 302, "https://echo/scheme"),
        redirect("/scheme-and-host", 302, "https://example.org/scheme-and-host"),
        redirect("/scheme-and-status", 301, "https://echo/scheme-and-status"),
        redirect(
          "/scheme-and-host-and-status",
          302,
          "https://example.org/scheme-and-host-and-status",
        ),
      ]),
  },
  {
    name: "MeshHTTPRoute303Redirect",
    manifests: upstream("httproute-303-redirect"),
    run: ({ client }) => expectAnswer(client, redirect("/redirect", 303, "http://echo/redirect")),
  },
  {
    name: "MeshHTTPRoute307Redirect",
    manifests: upstream("httproute-307-redirect"),
    run: ({ client }) => expectAnswer(client, redirect("/temporary", 307, "http://echo/temporary")),
  },
  {
    name: "MeshHTTPRoute308Redirect",
    manifests: upstream("httproute-308-redirect"),
    run: ({ client }) => expectAnswer(client, redirect("/permanent", 308, "http://echo/permanent")),
  },
  {
    name: "MeshHTTPRouteQueryParamMatching",
    manifests: upstream("httproute-query-param-matching"),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo/?animal=whale", backend: "echo-v1" },
        { url: "http://echo/?animal=dolphin", backend: "echo-v2" },
        { url: "http://echo/?animal=whale&otherparam=irrelevant", backend: "echo-v1" },
        { url: "http://echo/?animal=dolphin&color=yellow", backend: "echo-v2" },
        { url: "http://echo/?color=blue", status: 404 },
        { url: "http://echo/?animal=dog", status: 404 },
        { url: "http://echo/?animal=whaledolphin", status: 404 },
        { url: "http://echo/", status: 404 },
        { url: "http://echo/path1?animal=whale", backend: "echo-v1" },
        { url: "http://echo/?animal=whale", headers: { version: "one" }, backend: "echo-v2" },
        { url: "http://echo/path3?animal=shark", backend: "echo-v1" },
        {
          url: "http://echo/path4?animal=kraken",
          headers: { version: "three" },
          backend: "echo-v1",
        },
        { url: "http://echo/?animal=shark", status: 404 },
        { url: "http://echo/path4?animal=kraken", status: 404 },
        { url: "http://echo/path5?animal=hydra", backend: "echo-v1" },
      ]),
  },
  {
    name: "MeshHTTPRouteRewritePath",
    manifests: upstream("httproute-rewrite-path"),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo/prefix/one/two", backend: "echo-v1", path: "/one/two" },
        { url: "http://echo/strip-prefix/three", backend: "echo-v1", path: "/three" },
        { url: "http://echo/strip-prefix", backend: "echo-v1", path: "/" },
        { url: "http://echo/full/one/two", backend: "echo-v1", path: "/one" },
        rewriteAndEdit("/full/rewrite-path-and-modify-headers/test", "/test"),
        rewriteAndEdit("/prefix/rewrite-path-and-modify-headers/one", "/prefix/one"),
      ]),
  },
  {
    name: "MeshHTTPRouteNamedRule",
    manifests: upstream("httproute-named-rule"),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo/named", backend: "echo-v1" },
        { url: "http://echo/unnamed", backend: "echo-v2" },
      ]),
  },
  {
    name: "MeshFrontend",
    manifests: upstream("mesh-frontend"),
    async run(mesh) {
      const reply = { "X-Header-Set": "set" };
      await expectAnswer(mesh.client, { url: "http://echo-v2/", backend: "echo-v2", reply });
      const own = `http://127.0.0.1:${await mesh.directPortOf("echo-v2-0")}/`;
      const absent = { "X-Header-Set": null };
      await expectAnswer(mesh.client, { url: own, backend: "echo-v2", reply: absent });
    },
  },
  {
    name: "MeshFrontendHostname",
    manifests: upstream("mesh-frontend"),
    run: ({ client }) =>
      expectAnswers(client, [
        {
          url: "http://echo-v2/",
          host: "echo-v1",
          backend: "echo-v2",
          reply: { "X-Header-Set": "set" },
        },
        {
          url: "http://echo-v1/",
          host: "echo-v2",
          backend: "echo-v1",
          reply: { "X-Header-Set": null },
        },
      ]),
  },
  {
    name: "MeshPorts",
    manifests: upstream("mesh-ports"),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo-v1/", backend: "echo-v1", reply: { "X-Header-Set": "v1" } },
        { url: "http://echo-v1:8080/", backend: "echo-v1", reply: { "X-Header-Set": null } },
        { url: "http://echo-v2/", backend: "echo-v2", reply: { "X-Header-Set": "v2" } },
        { url: "http://echo-v2:8080/", backend: "echo-v2", reply: { "X-Header-Set": "v2" } },
      ]),
  },
  {
    name: "MeshConsumerRoute",
    manifests: upstream("mesh-consumer-route"),
    async run({ client, consumer }) {
      const url = "http://echo-v1.gateway-conformance-mesh/";
      await expectAnswer(consumer, { url, backend: "echo-v1", reply: { "X-Header-Set": "set" } });
      await expectAnswer(client, { url, backend: "echo-v1", reply: { "X-Header-Set": null } });
    },
  },
  {
    name: "MeshGRPCRouteWeight",
    manifests: upstream("grpcroute-weight"),
    async run({ client }) {
      await comesOut(async () =>
        expectShare(await grpcShares(client, 500), { "echo-v1": 70, "echo-v2": 30 }),
      );
    },
  },
  {
    name: "MeshGRPCRouteRequestHeaderModifier",
    manifests: upstream("grpcroute-request-header-modifier"),
    async run({ client }) {
      for (const { which, backend, sent, got } of grpcHeaderEdits)
        await holds(async () => {
          const answer = await client.call("echo", "/proto.EchoTestService/Echo", {
            "x-test-case": which,
            ...sent,
          });
          equal(answer.grpcStatus, 0, `${which}: status of gRPC (${answer.message})`);
          equal(answer.echo?.hostname, `${backend}-0`, `${which}: backend`);
          for (const [name, value] of Object.entries(got))
            equal(answer.echo?.headers[name] ?? null, value, `${which}: ${name}`);
        });
    },
  },
];

/** Upstream looks at the status alone; here the place is looked at, too. */
function redirect(path: string, status: number, to: string): Expected {
  return { url: `http://echo${path}`, status, reply: { location: to } };
}

const headerEdits: readonly Expected[] = [
  {
    url: "http://echo/set",
    headers: { "Some-Other-Header": "val" },
    backend: "echo-v1",
    got: { "Some-Other-Header": "val", "X-Header-Set": "set-overwrites-values" },
  },
  {
    url: "http://echo/set",
    headers: { "Some-Other-Header": "val", "X-Header-Set": "some-other-value" },
    backend: "echo-v1",
    got: { "Some-Other-Header": "val", "X-Header-Set": "set-overwrites-values" },
  },
  {
    url: "http://echo/add",
    headers: { "Some-Other-Header": "val" },
    backend: "echo-v1",
    got: { "Some-Other-Header": "val", "X-Header-Add": "add-appends-values" },
  },
  {
    url: "http://echo/add",
    headers: { "Some-Other-Header": "val", "X-Header-Add": "some-other-value" },
    backend: "echo-v1",
    got: { "Some-Other-Header": "val", "X-Header-Add": "some-other-value,add-appends-values" },
  },
  {
    url: "http://echo/remove",
    headers: { "X-Header-Remove": "val" },
    backend: "echo-v1",
    got: { "X-Header-Remove": null },
  },
  {
    url: "http://echo/multiple",
    headers: {
      "X-Header-Set-2": "set-val-2",
      "X-Header-Add-2": "add-val-2",
      "X-Header-Remove-2": "remove-val-2",
      "Another-Header": "another-header-val",
    },
    backend: "echo-v1",
    got: {
      "X-Header-Set-1": "header-set-1",
      "X-Header-Set-2": "header-set-2",
      "X-Header-Add-1": "header-add-1",
      "X-Header-Add-2": "add-val-2,header-add-2",
      "X-Header-Add-3": "header-add-3",
      "Another-Header": "another-header-val",
      "X-Header-Remove-1": null,
      "X-Header-Remove-2": null,
    },
  },
  {
    url: "http://echo/case-insensitivity",
    headers: {
      "x-header-set": "original-val-set",
      "x-header-add": "original-val-add",
      "x-header-remove": "original-val-remove",
      "Another-Header": "another-header-val",
    },
    backend: "echo-v1",
    got: {
      "X-Header-Set": "header-set",
      "X-Header-Add": "original-val-add,header-add",
      "Another-Header": "another-header-val",
      "X-Header-Remove": null,
    },
  },
];

function rewriteAndEdit(asked: string, path: string): Expected {
  return {
    url: `http://echo${asked}`,
    headers: {
      "X-Header-Remove": "remove-val",
      "X-Header-Add-Append": "append-val-1",
      "X-Header-Set": "set-val",
    },
    backend: "echo-v1",
    path,
    got: {
      "X-Header-Add": "header-val-1",
      "X-Header-Add-Append": "append-val-1,header-val-2",
      "X-Header-Set": "set-overwrites-values",
      "X-Header-Remove": null,
    },
  };
}

const grpcHeaderEdits: readonly {
  readonly which: string;
  readonly backend: string;
  readonly sent: Readonly<Record<string, string>>;
  readonly got: Readonly<Record<string, string | null>>;
}[] = [
  {
    which: "set",
    backend: "echo-v1",
    sent: { "some-other-header": "this-header-should-be-set", "x-header-set": "overwritten" },
    got: {
      "some-other-header": "this-header-should-be-set",
      "x-header-set": "set-overwrites-values",
    },
  },
  {
    which: "add",
    backend: "echo-v1",
    sent: { "x-header-add": "appended-to" },
    got: { "x-header-add": "appended-to,add-appends-values" },
  },
  {
    which: "remove",
    backend: "echo-v1",
    sent: { "x-header-remove": "removed" },
    got: { "x-header-remove": null },
  },
  {
    which: "multi",
    backend: "echo-v2",
    sent: {
      "x-header-set-2": "set-header-2",
      "x-header-add-2": "add-header-2",
      "x-header-remove-2": "removed",
    },
    got: {
      "x-header-set-1": "header-set-1",
      "x-header-set-2": "header-set-2",
      "x-header-add-1": "header-add-1",
      "x-header-add-2": "add-header-2,header-add-2",
      "x-header-remove-1": null,
      "x-header-remove-2": null,
    },
  },
];
