import { equal } from "../../real/equal.ts";
import { consumerNamespace, meshNamespace } from "../echo-mesh.ts";
import { backend, httpRoute, manifest, parent, path, resource } from "../manifest.ts";
import { comesOut, expectAnswer, expectAnswers, type TrafficCase } from "../traffic-case.ts";
import { httpShares } from "../weights.ts";

const toV1 = { backendRefs: [backend("echo-v1")] };
const toV2 = { backendRefs: [backend("echo-v2")] };

/** A rule that says in the reply who it is. */
function telling(name: string, rest: object = toV1): object {
  const set = [{ name: "x-rule", value: name }];
  return {
    filters: [{ type: "ResponseHeaderModifier", responseHeaderModifier: { set } }],
    ...rest,
  };
}

/** Which requests go where: what the specification says of routes of a mesh and upstream's suite does not ask. */
export const routingCases: readonly TrafficCase[] = [
  {
    name: "no rule matches: 404, made by the proxy",
    manifests: manifest(httpRoute("r", [{ matches: [path("/known")], ...toV1 }])),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo/known", backend: "echo-v1" },
        { url: "http://echo/other", status: 404, reply: { "x-heddle-reason": "no-route" } },
      ]),
  },
  {
    name: "exact before longest prefix before method before headers before query",
    manifests: manifest(
      httpRoute("r", [
        telling("query", {
          matches: [{ ...path("/a"), queryParams: [{ name: "q", value: "1" }] }],
          ...toV1,
        }),
        telling("headers", {
          matches: [{ ...path("/a"), headers: [{ name: "h", value: "1" }] }],
          ...toV1,
        }),
        telling("method", { matches: [{ ...path("/a"), method: "PUT" }], ...toV1 }),
        telling("longer", { matches: [path("/a/b")], ...toV1 }),
        telling("exact", { matches: [path("/a/b", "Exact")], ...toV1 }),
        telling("prefix", { matches: [path("/a")], ...toV1 }),
      ]),
    ),
    run: ({ client }) =>
      expectAnswers(client, [
        {
          url: "http://echo/a/b?q=1",
          method: "PUT",
          headers: { h: "1" },
          reply: { "x-rule": "exact" },
        },
        {
          url: "http://echo/a/b/c?q=1",
          method: "PUT",
          headers: { h: "1" },
          reply: { "x-rule": "longer" },
        },
        {
          url: "http://echo/a/c?q=1",
          method: "PUT",
          headers: { h: "1" },
          reply: { "x-rule": "method" },
        },
        { url: "http://echo/a/c?q=1", headers: { h: "1" }, reply: { "x-rule": "headers" } },
        { url: "http://echo/a/c?q=1", reply: { "x-rule": "query" } },
        { url: "http://echo/a/c", reply: { "x-rule": "prefix" } },
        { url: "http://echo/ab", status: 404 },
      ]),
  },
  {
    name: "of equal matches the older route wins, then the first by name",
    manifests: manifest(
      httpRoute("b-route", [telling("b", { matches: [path("/same")], ...toV1 })]),
      httpRoute("a-route", [telling("a", { matches: [path("/same")], ...toV1 })]),
    ),
    async run(mesh) {
      const url = "http://echo/same";
      await expectAnswer(mesh.client, { url, reply: { "x-rule": "a" } });
      // Applied a second later it is younger, whatever its name.
      await new Promise((resolve) => setTimeout(resolve, 1100));
      const later = await mesh.apply(
        manifest(httpRoute("0-route", [telling("0", { matches: [path("/same")], ...toV1 })])),
      );
      await expectAnswer(mesh.client, { url, reply: { "x-rule": "a" } });
      await mesh.remove(later);
    },
  },
  {
    name: "a route of port 80 says nothing of port 8080; sectionName and port must both match",
    manifests: manifest(
      httpRoute("by-name", [telling("by-name")], {
        parentRefs: [parent("echo-v1", { port: 8080, sectionName: "http-alt" })],
      }),
    ),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo-v1:8080/", reply: { "x-rule": "by-name" } },
        { url: "http://echo-v1/", reply: { "x-rule": null } },
      ]),
  },
  {
    name: "hostnames of a mesh route do not matter",
    manifests: manifest(httpRoute("r", [telling("r")], { hostnames: ["other.example"] })),
    run: ({ client }) => expectAnswer(client, { url: "http://echo/", reply: { "x-rule": "r" } }),
  },
  {
    name: "a consumer route is for callers of its namespace, and for them the producer's is not there",
    manifests: manifest(
      httpRoute("producer", [telling("producer")]),
      httpRoute(
        "consumer",
        [telling("consumer", { backendRefs: [backend("echo-v2", { namespace: meshNamespace })] })],
        {
          namespace: consumerNamespace,
          parentRefs: [parent("echo", { namespace: meshNamespace, port: 80 })],
        },
      ),
    ),
    async run({ client, consumer }) {
      const url = `http://echo.${meshNamespace}/`;
      await expectAnswer(consumer, { url, backend: "echo-v2", reply: { "x-rule": "consumer" } });
      await expectAnswer(client, { url, backend: "echo-v1", reply: { "x-rule": "producer" } });
    },
  },
  {
    name: "routes of a backend are not applied again",
    manifests: manifest(
      httpRoute("first", [telling("first", { backendRefs: [backend("echo-v1", { port: 80 })] })]),
      httpRoute("second", [telling("second", toV2)], { parentRefs: [parent("echo-v1")] }),
    ),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo-v1/", backend: "echo-v2", reply: { "x-rule": "second" } },
        { url: "http://echo/", backend: "echo-v1", reply: { "x-rule": "first" } },
      ]),
  },
  {
    name: "a backend of another namespace needs no ReferenceGrant within the mesh",
    manifests: manifest(
      httpRoute("r", [{ backendRefs: [backend("echo-v1", { namespace: meshNamespace })] }], {
        namespace: consumerNamespace,
        parentRefs: [parent("front")],
      }),
      resource(
        "v1",
        "Service",
        "front",
        { ports: [{ port: 80 }] },
        { namespace: consumerNamespace },
      ),
    ),
    run: ({ consumer }) =>
      // Its parent selects no process: it is a frontend alone.
      expectAnswer(consumer, { url: "http://front/", backend: "echo-v1" }),
  },
  {
    name: "the share of an invalid backend gets 500, the rest is served",
    manifests: manifest(httpRoute("r", [{ backendRefs: [backend("echo-v1"), backend("absent")] }])),
    run: ({ client }) =>
      comesOut(async () => {
        const got = await httpShares(client, "http://echo/", 100);
        equal(JSON.stringify(sorted(got)), '{"500":50,"echo-v1":50}', "answers");
      }),
  },
  {
    name: "all weights zero, no backends at all: 500",
    manifests: manifest(
      httpRoute("r", [
        { matches: [path("/zero")], backendRefs: [backend("echo-v1", { weight: 0 })] },
        { matches: [path("/none")] },
      ]),
    ),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo/zero", status: 500 },
        { url: "http://echo/none", status: 500 },
      ]),
  },
  {
    name: "the share of a backend without a ready endpoint gets 503",
    manifests: manifest(
      httpRoute("r", [{ backendRefs: [backend("echo-v1"), backend("echo-v2")] }]),
    ),
    async run(mesh) {
      await mesh.direct("echo-v2-0", "/_ready?is=false");
      try {
        // Until it is known for three seconds requests wait for one to come back.
        await comesOut(async () => {
          const got = await httpShares(mesh.client, "http://echo/", 100);
          equal(JSON.stringify(sorted(got)), '{"503":50,"echo-v1":50}', "answers");
        }, 15_000);
      } finally {
        await mesh.direct("echo-v2-0", "/_ready?is=true");
        await expectAnswer(mesh.client, { url: "http://echo-v2/", backend: "echo-v2" });
      }
    },
  },
  {
    name: "a header's name is matched whatever its case, and the first of two alike counts",
    manifests: manifest(
      httpRoute("r", [
        telling("r", {
          matches: [
            {
              headers: [
                { name: "X-Which", value: "one" },
                { name: "x-which", value: "two" },
              ],
            },
          ],
          ...toV1,
        }),
      ]),
    ),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo/", headers: { "x-WHICH": "one" }, reply: { "x-rule": "r" } },
        { url: "http://echo/", headers: { "x-which": "two" }, status: 404 },
      ]),
  },
  {
    name: "what is matched is what is forwarded: dots, slashes and escapes are read once",
    manifests: manifest(
      httpRoute("r", [
        telling("public", { matches: [path("/public")], ...toV1 }),
        telling("private", { matches: [path("/private")], ...toV2 }),
      ]),
    ),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo/public/x", backend: "echo-v1", path: "/public/x" },
        { url: "http://echo/%70ublic/x", host: "echo", backend: "echo-v1" },
        { url: "http://echo/privat%65/x", host: "echo", backend: "echo-v2" },
      ]),
  },
  {
    name: "a regular expression of a path chooses, in linear time",
    manifests: manifest(
      httpRoute("r", [
        telling("numbers", { matches: [path("/items/[0-9]+", "RegularExpression")], ...toV1 }),
        telling("evil", { matches: [path("/(a+)+b", "RegularExpression")], ...toV2 }),
      ]),
    ),
    async run({ client }) {
      await expectAnswer(client, { url: "http://echo/items/42", reply: { "x-rule": "numbers" } });
      await expectAnswer(client, { url: "http://echo/items/x", status: 404 });
      await expectAnswer(client, {
        url: `http://echo/${"a".repeat(40)}b`,
        reply: { "x-rule": "evil" },
      });
      const began = performance.now();
      await expectAnswer(client, { url: `http://echo/${"a".repeat(4000)}c`, status: 404 });
      equal(performance.now() - began < 2000, true, "three misses of 4,000 octets within 2 s");
    },
  },
  {
    name: "headers and query parameters are matched by regular expressions",
    manifests: manifest(
      httpRoute("r", [
        telling("header", {
          matches: [
            {
              headers: [{ type: "RegularExpression", name: "x-user", value: "(anna|ben)-[0-9]+" }],
            },
          ],
          ...toV1,
        }),
        telling("query", {
          matches: [
            { queryParams: [{ type: "RegularExpression", name: "v", value: "2[.][0-9]+" }] },
          ],
          ...toV1,
        }),
      ]),
    ),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo/", headers: { "x-user": "ben-7" }, reply: { "x-rule": "header" } },
        { url: "http://echo/", headers: { "x-user": "carl-7" }, status: 404 },
        { url: "http://echo/?v=2.11", reply: { "x-rule": "query" } },
        { url: "http://echo/?v=2x11", status: 404 },
      ]),
  },
  {
    name: "deleting the routes of a Service gives back plain forwarding",
    manifests: "",
    async run(mesh) {
      const made = await mesh.apply(
        manifest(httpRoute("r", [{ matches: [path("/known")], ...toV1 }])),
      );
      await expectAnswer(mesh.client, { url: "http://echo/other", status: 404 });
      await mesh.remove(made);
      await expectAnswer(mesh.client, { url: "http://echo/other" });
    },
  },
];

function sorted(counts: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}
