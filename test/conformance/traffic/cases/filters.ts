import { equal } from "../../real/equal.ts";
import { batch } from "../echo-client.ts";
import type { EchoMesh } from "../echo-mesh.ts";
import { backend, expectCondition, gatewayApi, httpRoute, manifest, path } from "../manifest.ts";
import { expectAnswer, expectAnswers, holds, type TrafficCase } from "../traffic-case.ts";

const toV1 = { backendRefs: [backend("echo-v1")] };

function mirror(requestMirror: object): object {
  return { type: "RequestMirror", requestMirror };
}

/** Filters: numbers of upstream's cases for Gateways where there are any. */
export const filterCases: readonly TrafficCase[] = [
  {
    name: "redirect: the port the request was addressed to stays, :80 of http does not",
    manifests: manifest(
      httpRoute(
        "r",
        [
          {
            filters: [{ type: "RequestRedirect", requestRedirect: { hostname: "example.org" } }],
          },
        ],
        { parentRefs: [{ group: "", kind: "Service", name: "echo" }] },
      ),
    ),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo/a?b=c", status: 302, reply: { location: "http://example.org/a?b=c" } },
        {
          url: "http://echo:8080/a",
          status: 302,
          reply: { location: "http://example.org:8080/a" },
        },
      ]),
  },
  {
    name: "rewrite: the host that the backend sees",
    manifests: manifest(
      httpRoute("r", [
        {
          filters: [{ type: "URLRewrite", urlRewrite: { hostname: "one.example.org" } }],
          ...toV1,
        },
      ]),
    ),
    run: ({ client }) =>
      holds(async () => {
        const { echo } = await client.ask("http://echo/");
        equal(echo?.host, "one.example.org", "host");
      }),
  },
  {
    name: "rewrite: what is left of a prefix, and the query",
    manifests: manifest(
      httpRoute("r", [rewrite("/foo", "/xyz"), rewrite("/gone", ""), rewrite("/slash/", "/")]),
    ),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo/foo/bar?q=1", path: "/xyz/bar?q=1" },
        { url: "http://echo/foo/", path: "/xyz/" },
        { url: "http://echo/gone", path: "/" },
        { url: "http://echo/gone/x", path: "/x" },
        { url: "http://echo/slash/", path: "/" },
      ]),
  },
  {
    name: "reply fields: set, add, remove, of a rule and of a backend",
    manifests: manifest(
      httpRoute("r", [
        {
          filters: [edits({ set: [{ name: "x-a", value: "set" }], remove: ["x-gone"] })],
          backendRefs: [
            backend("echo-v1", { filters: [edits({ add: [{ name: "x-b", value: "added" }] })] }),
          ],
        },
      ]),
    ),
    run: ({ client }) =>
      expectAnswer(client, {
        url: "http://echo/?headers=x-a:old,x-b:old,x-gone:old",
        reply: { "x-a": "set", "x-b": "old,added", "x-gone": null },
      }),
  },
  {
    name: "mirror: every request, and its answer is nobody's",
    manifests: manifest(
      httpRoute("r", [
        {
          filters: [mirror({ backendRef: backend("echo-v2") })],
          ...toV1,
        },
      ]),
    ),
    async run(mesh) {
      await expectAnswer(mesh.client, { url: "http://echo/", backend: "echo-v1" });
      await expectMirrored(mesh, "/m?key=all", 20, [20, 20]);
    },
  },
  {
    name: "mirror: a body goes to both",
    manifests: manifest(
      httpRoute("r", [{ filters: [mirror({ backendRef: backend("echo-v2") })], ...toV1 }]),
    ),
    run: (mesh) =>
      holds(async () => {
        const key = `body-${Math.random()}`;
        const body = "x".repeat(1000);
        const { echo } = await mesh.client.ask(`http://echo/?key=${key}`, { method: "POST", body });
        equal(echo?.bodyOctets, 1000, "octets at the backend");
        await new Promise((resolve) => setTimeout(resolve, 100));
        const [copy] = await mesh.seen("echo-v2-0", key);
        equal(`${copy?.method} ${copy?.bodyOctets}`, "POST 1000", "the copy");
      }),
  },
  ...[
    { percent: 20, share: 0.2 },
    { percent: 50, share: 0.5 },
    { percent: 35, share: 0.35 },
  ].map(
    ({ percent, share }): TrafficCase => ({
      name: `mirror: ${percent} % of 500, within three standard deviations`,
      manifests: manifest(
        httpRoute("r", [
          { filters: [mirror({ backendRef: backend("echo-v2"), percent })], ...toV1 },
        ]),
      ),
      async run(mesh) {
        await expectAnswer(mesh.client, { url: "http://echo/", backend: "echo-v1" });
        await expectMirrored(mesh, `/m?key=percent-${percent}`, 500, within3Sigma(500, share));
      },
    }),
  ),
  {
    name: "mirror: a fraction, and several at once",
    manifests: manifest(
      httpRoute("r", [
        {
          filters: [
            mirror({ backendRef: backend("echo-v2"), fraction: { numerator: 1, denominator: 4 } }),
            mirror({ backendRef: backend("echo") }),
          ],
          ...toV1,
        },
      ]),
    ),
    async run(mesh) {
      await expectAnswer(mesh.client, { url: "http://echo/", backend: "echo-v1" });
      const key = "several";
      for (let at = 0; at < 400; at++) await mesh.client.ask(`http://echo/m?key=${key}`);
      await holds(async () => {
        const v1 = (await mesh.seen("echo-v1-0", key)).length;
        const v2 = (await mesh.seen("echo-v2-0", key)).length;
        // 400 themselves, 400 copies to either of both, and 400 × 1/4.
        const [least, most] = within3Sigma(400, 0.25);
        const total = v1 + v2 - 800;
        equal(total >= least && total <= most, true, `${v1} + ${v2} of 900`);
      });
    },
  },
  {
    name: "mirror: a reference that leads nowhere is told, and harms nobody",
    manifests: manifest(
      httpRoute("r", [{ filters: [mirror({ backendRef: backend("absent") })], ...toV1 }]),
    ),
    async run(mesh) {
      await expectAnswer(mesh.client, { url: "http://echo/", backend: "echo-v1" });
      const object = [gatewayApi, "HTTPRoute", "r"] as const;
      await expectCondition(mesh, object, "ResolvedRefs", "False BackendNotFound");
    },
  },
  {
    name: "CORS: origins that are named, and below a name",
    manifests: manifest(
      cors({
        allowOrigins: ["https://www.foo.com", "https://*.bar.com"],
        allowMethods: ["GET", "OPTIONS"],
        allowHeaders: ["x-header-1", "x-header-2"],
        exposeHeaders: ["x-header-3", "x-header-4"],
        maxAge: 3600,
        allowCredentials: true,
      }),
    ),
    async run({ client }) {
      const allowed = (origin: string) => ({
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
      });
      for (const origin of ["https://www.foo.com", "https://www.bar.com", "https://a.b.bar.com"]) {
        await holds(async () => {
          const { status, headers } = await client.ask("http://echo/", preflight(origin));
          equal(status === 200 || status === 204, true, `status ${status}`);
          equal(headers["access-control-allow-origin"], origin, "origin");
          equal(headers["access-control-allow-credentials"], "true", "credentials");
          equal(list(headers["access-control-allow-methods"]), "GET,OPTIONS", "methods");
          equal(list(headers["access-control-allow-headers"]), "x-header-1,x-header-2", "headers");
          equal(headers["access-control-max-age"], "3600", "age");
        });
        await expectAnswer(client, {
          url: "http://echo/",
          headers: { origin },
          backend: "echo-v1",
          reply: { ...allowed(origin), "access-control-expose-headers": "x-header-3, x-header-4" },
        });
      }
      for (const origin of ["https://foobar.com", "http://www.foo.com", "https://bar.com"])
        await holds(async () => {
          const { status, headers } = await client.ask("http://echo/", preflight(origin));
          equal([200, 204, 403].includes(status), true, `status ${status}`);
          equal(headers["access-control-allow-origin"], undefined, `origin ${origin}`);
        });
    },
  },
  {
    name: "CORS: any origin, echoed where credentials are allowed",
    manifests: manifest(
      cors({
        allowOrigins: ["*"],
        allowMethods: ["*"],
        allowHeaders: ["*"],
        allowCredentials: true,
      }),
    ),
    run: ({ client }) =>
      holds(async () => {
        const { headers } = await client.ask("http://echo/", preflight("https://any.example"));
        equal(headers["access-control-allow-origin"], "https://any.example", "origin");
        equal(list(headers["access-control-allow-methods"]), "PUT", "the method asked for");
        equal(list(headers["access-control-allow-headers"]), "x-header-1", "the fields asked for");
        equal(headers["access-control-max-age"], "5", "the default age");
      }),
  },
  {
    name: "CORS: any origin without credentials",
    manifests: manifest(cors({ allowOrigins: ["*"], allowMethods: ["PUT"] })),
    run: ({ client }) =>
      holds(async () => {
        const { headers } = await client.ask("http://echo/", preflight("https://any.example"));
        const origin = headers["access-control-allow-origin"];
        equal(origin === "*" || origin === "https://any.example", true, `origin ${origin}`);
        equal(headers["access-control-allow-credentials"], undefined, "credentials");
      }),
  },
];

function rewrite(prefix: string, replacePrefixMatch: string): object {
  return {
    matches: [path(prefix)],
    filters: [
      {
        type: "URLRewrite",
        urlRewrite: { path: { type: "ReplacePrefixMatch", replacePrefixMatch } },
      },
    ],
    ...toV1,
  };
}

function edits(responseHeaderModifier: object): object {
  return { type: "ResponseHeaderModifier", responseHeaderModifier };
}

function cors(said: object): object {
  return httpRoute("r", [{ filters: [{ type: "CORS", cors: said }], ...toV1 }]);
}

function preflight(origin: string) {
  return {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "PUT",
      "access-control-request-headers": "x-header-1",
    },
  };
}

function list(text: string | undefined): string {
  return (text ?? "")
    .split(/\s*,\s*/)
    .sort()
    .join();
}

function within3Sigma(count: number, share: number): readonly [number, number] {
  const sigma = Math.sqrt(count * share * (1 - share));
  return [count * share - 3 * sigma, count * share + 3 * sigma];
}

/** Sends `count` requests and waits until so many copies, and no more, have come to echo-v2. */
async function expectMirrored(
  mesh: EchoMesh,
  to: string,
  count: number,
  [least, most]: readonly [number, number],
): Promise<void> {
  const key = /key=([^&]*)/.exec(to)![1]!;
  const before = (await mesh.seen("echo-v2-0", key)).length;
  await batch(count, async () => {
    const { echo } = await mesh.client.ask(`http://echo${to}`);
    equal(echo?.hostname, "echo-v1-0", "who answers");
  });
  await holds(async () => {
    const copies = (await mesh.seen("echo-v2-0", key)).length - before;
    equal(copies >= least && copies <= most, true, `${copies} copies of ${count}`);
  });
}
