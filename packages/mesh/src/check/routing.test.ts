import fc from "fast-check";
import { expect, test } from "vitest";
import { compileService, inputsOf, plainWorld } from "../resource/compile.ts";
import type { Service } from "../resource/core/service.ts";
import type { HttpRoute } from "../resource/gateway-api/httproute.ts";
import { compileRoutes } from "../route/compile.ts";
import {
  base,
  evidence,
  gatewayApi,
  recordOf,
  resource,
  route,
  service,
} from "./evidence.fixture.ts";
import { isAsking, livesOf } from "./records.ts";
import { routingIn, rulesFor } from "./routing.ts";

/** Names of the rules that `GET path` of visitor-0 to kvs may have fallen under. */
function rules(
  routes: readonly ReturnType<typeof route>[],
  request: { path: string; method?: string; authority?: string },
) {
  const all = evidence([...base, ...routes], recordOf([{ to: "kvs-0", outbound: request }]));
  const seen = livesOf(all.batches)
    .flatMap(({ exchanges }) => exchanges)
    .find(isAsking)!;
  return rulesFor(seen, routingIn(all.intent[0]!), all)?.map(({ name }) => name) ?? null;
}

const prefix = (value: string) => ({ matches: [{ path: { type: "PathPrefix", value } }] });

test("without a route the Service is meant, with one that matches nothing nobody", () => {
  expect(rules([], { path: "/7" })).toBe(null);
  expect(rules([route([prefix("/a")])], { path: "/b" })).toEqual([]);
});

test("the longest prefix of whole segments wins, an exact path before it", () => {
  const all = [
    route([
      prefix("/"),
      prefix("/api"),
      { matches: [{ path: { type: "Exact", value: "/api/x" } }] },
    ]),
  ];
  expect(rules(all, { path: "/apis" })).toEqual(["HTTPRoute/default/kvs#0"]);
  expect(rules(all, { path: "/api/y?q=1" })).toEqual(["HTTPRoute/default/kvs#1"]);
  expect(rules(all, { path: "//api/%78" })).toEqual(["HTTPRoute/default/kvs#2"]);
});

test("a query is compared as UTF-8", () => {
  const queryParams = [{ name: "q", value: "größe €" }];
  const all = [route([{ matches: [{ queryParams }] }])];
  const asked = { path: "/?q=gr%C3%B6%C3%9Fe+%e2%82%ac" };
  expect(rules(all, asked)).toEqual(["HTTPRoute/default/kvs#0"]);
});

test("a match on fields leaves two possible, since fields are not recorded", () => {
  const all = [route([{ matches: [{ headers: [{ name: "x", value: "1" }] }] }, prefix("/")])];
  expect(rules(all, { path: "/" })).toEqual(["HTTPRoute/default/kvs#0", "HTTPRoute/default/kvs#1"]);
});

test("it finds the rule by the path as it came, before a rewrite", () => {
  const all = [route([prefix("/"), prefix("/api")])];
  const request = { path: "/7", receivedPath: "/api/7" };
  expect(rules(all, request)).toEqual(["HTTPRoute/default/kvs#1"]);
});

test("at a gateway host names count first, and its listener must allow the route", () => {
  const gateway = (from: string) =>
    resource(gatewayApi, "Gateway", "front", {
      gatewayClassName: "heddle",
      listeners: [
        {
          name: "http",
          protocol: "HTTP",
          port: 8080,
          hostname: "*.example.com",
          allowedRoutes: { namespaces: { from } },
        },
      ],
    });
  const of = (name: string, hostnames: string[]) =>
    resource(gatewayApi, "HTTPRoute", name, {
      parentRefs: [{ name: "front" }],
      hostnames,
      rules: [prefix("/")],
    });
  const workloads = [
    {
      apiVersion: "heddle.dev/v1alpha1",
      kind: "Workload" as const,
      metadata: { name: "front-0", namespace: "default" },
      spec: { gateway: "front", ordinal: 0, serviceAccountName: "front" },
    },
  ];
  const ask = (authority: string, from = "Same") => {
    const outbound = { direction: "gateway", service: "", servicePort: 8080, authority } as const;
    const batches = recordOf([{ from: "front-0", to: "kvs-0", outbound }]);
    const resources = [...base, gateway(from), of("wide", []), of("narrow", ["a.example.com"])];
    const seen = livesOf(batches)
      .flatMap(({ exchanges }) => exchanges)
      .find(isAsking)!;
    const found = rulesFor(seen, routingIn({ fromWallMs: 0, resources }), { workloads });
    return found?.map(({ name }) => name);
  };
  expect(ask("a.example.com:8080")).toEqual(["HTTPRoute/default/narrow#0"]);
  expect(ask("b.example.com")).toEqual(["HTTPRoute/default/wide#0"]);
  expect(ask("example.com")).toEqual([]);
  expect(ask("a.example.com", "Selector")).toEqual([]);
});

test("on random routes and requests it says what the proxies do", () => {
  const path = fc.array(fc.constantFrom("a", "b", "a.b", "%61", "A"), { maxLength: 3 });
  const written = fc
    .tuple(path, fc.boolean())
    .map(([parts, isOpen]) => `/${parts.join("/")}${isOpen && parts.length > 0 ? "/" : ""}`);
  const match = fc.record(
    {
      path: fc.record({ type: fc.constantFrom("Exact", "PathPrefix"), value: written }),
      method: fc.constantFrom("GET", "PUT"),
      queryParams: fc.constantFrom([{ name: "q", value: "1" }], [{ name: "r", value: "2" }]),
    },
    { requiredKeys: [] },
  );
  const rule = fc.record({
    matches: fc.array(match, { minLength: 1, maxLength: 2 }),
    backendRefs: fc.constant([{ name: "kvs", port: 80 }]),
  });
  const routes = fc.array(fc.array(rule, { minLength: 1, maxLength: 3 }), {
    minLength: 1,
    maxLength: 3,
  });
  const request = fc.record({
    path: fc.tuple(written, fc.constantFrom("", "?q=1", "?r=2&q=1")).map((parts) => parts.join("")),
    method: fc.constantFrom("GET", "PUT"),
  });
  let matched = 0;
  fc.assert(
    fc.property(routes, request, (given, asked) => {
      const all = given.map((one, index) => route(one, `r${index}`) as HttpRoute);
      const kvs = service("kvs") as Service;
      const { doc } = compileService(kvs, plainWorld(inputsOf([kvs, ...all])));
      const head = { ...asked, authority: "kvs", get: () => null };
      const found = compileRoutes(doc.ports[0]!.routes!, null).match(head as never);
      const expected = typeof found === "string" ? [] : [found.name];
      if (expected.length > 0) matched++;
      expect(rules(all, asked)).toEqual(expected);
    }),
    { numRuns: 1500, seed: 5 },
  );
  expect(matched).toBeGreaterThan(300);
});
