import { describe, expect, test } from "vitest";
import type { KnownResource } from "../index.ts";
import { compileGateway } from "./gateway.ts";
import {
  claimsIn,
  gateway,
  ofGatewayApi,
  route,
  service,
  tlsRoute,
  to,
  worldOf,
} from "./samples.fixture.ts";
import { compileService, serviceDocFor } from "./service.ts";

/** gamma.md §2 and §4: which routes apply to a port of a Service, or at a Gateway. */

const kvs = service("kvs", {
  ports: [
    { name: "any", port: 80 },
    { name: "db", port: 5432, appProtocol: "tcp" },
  ],
});
const rules = [{ backendRefs: [{ name: "kvs", port: 80 }] }];
const http = (name: string, parent: object = to("kvs"), more: object = {}) =>
  route({ name, parentRefs: [parent], rules, ...more });
const grpc = (name: string, parent: object = to("kvs")) =>
  ofGatewayApi("GRPCRoute", name, { parentRefs: [parent], rules });
const tls = (name: string, parent: object = to("kvs")) =>
  tlsRoute({
    name,
    parentRefs: [parent],
    hostnames: ["a.b"],
    backendRefs: [{ name: "kvs", port: 80 }],
  });
const tcp = (name: string, created = "", parent: object = to("kvs"), port = 80) =>
  ofGatewayApi(
    "TCPRoute",
    name,
    { parentRefs: [parent], rules: [{ backendRefs: [{ name: "kvs", port }] }] },
    { created },
  );

const portsOf = (...routes: readonly KnownResource[]) =>
  compileService(kvs, worldOf(kvs, ...routes)).doc.ports;
const acceptedOf = (given: KnownResource, ...others: readonly KnownResource[]) => {
  const parents = compileService(kvs, worldOf(kvs, given, ...others)).parents;
  const found = parents.find(
    (one) => one.route === `${given.kind}/default/${given.metadata.name}`,
  )!;
  const { status, reason, message } = found.conditions[0]!;
  return { said: `${status} ${reason}`, message };
};

describe("on one port of a Service one kind applies", () => {
  const all = [tcp("d"), tls("c"), http("b"), grpc("a")];

  test.each([
    [4, "GRPCRoute/default/a"],
    [3, "HTTPRoute/default/b"],
    [2, "TLSRoute/default/c"],
    [1, "TCPRoute/default/d"],
  ])("of the first %i, the last", (count, winner) => {
    const [port] = portsOf(...all.slice(0, count));
    const { routes, tlsRoutes, tcpRoute } = port!;
    expect(
      [routes?.rules[0]?.route, tlsRoutes?.[0]?.route, tcpRoute?.route].filter(Boolean),
    ).toEqual([winner]);
  });

  test("the others are Conflicted, where they have no port left", () => {
    expect(acceptedOf(all[2]!, all[3]!)).toEqual({
      said: "False Conflicted",
      message:
        "Port 80 of Service default/kvs: GRPCRoute default/a is before it; of several kinds of routes one applies to a port.",
    });
    expect(acceptedOf(all[3]!, all[2]!).said).toBe("True Accepted");
    // Port 5432 is left to it.
    expect(acceptedOf(all[0]!, all[2]!).said).toBe("True Accepted");
    expect(acceptedOf(tcp("x", "", to("kvs", { port: 80 })), all[2]!).said).toBe(
      "False Conflicted",
    );
  });

  test("a consumer's kind says nothing to other callers", () => {
    const consumer = route({
      name: "theirs",
      namespace: "shop",
      parentRefs: [to("kvs", { namespace: "default", port: 80 })],
      rules: [{ backendRefs: [{ name: "kvs", namespace: "default", port: 80 }] }],
    });
    const compiled = compileService(kvs, worldOf(kvs, consumer, tls("mine")));
    expect(compiled.doc.ports[0]).toMatchObject({ routes: null, tlsRoutes: [{}] });
    const [theirs] = serviceDocFor(compiled, "shop").ports;
    expect(theirs!.routes!.rules[0]!.route).toBe("HTTPRoute/shop/theirs");
    expect(theirs).not.toHaveProperty("tlsRoutes");
    expect(compiled.parents.every(({ conditions }) => conditions[0]!.status === "True")).toBe(true);
  });
});

describe("a TCPRoute", () => {
  test("makes octets of what nobody knows, and shares connections by weight", () => {
    const [any, db] = portsOf(tcp("d", "", to("kvs"), 5432));
    const tcpRoute = {
      route: "TCPRoute/default/d",
      name: "0",
      backends: [{ backend: { service: "default/kvs", port: 5432 }, weight: 1, filters: [] }],
    };
    expect(any).toMatchObject({ protocol: "opaque", routes: null, tcpRoute });
    expect(db).toMatchObject({ protocol: "opaque", tcpRoute });
  });

  test("is on no port that declares HTTP, and sends to none", () => {
    const web = service("web", { ports: [{ port: 80, appProtocol: "http" }] });
    const world = (name: string) =>
      worldOf(
        web,
        kvs,
        ofGatewayApi("TCPRoute", "r", {
          parentRefs: [to(name)],
          rules: [{ backendRefs: [{ name: "web", port: 80 }] }],
        }),
      );
    expect(compileService(web, world("web")).parents[0]!.conditions[0]).toMatchObject({
      reason: "NoMatchingParent",
    });
    const onKvs = compileService(kvs, world("kvs"));
    expect(onKvs.parents[0]!.conditions[1]).toMatchObject({ reason: "UnsupportedProtocol" });
    expect(onKvs.doc.ports[0]!.tcpRoute!.backends[0]!.backend).toBeNull();
  });

  test("of two the older applies, and the other is told", () => {
    const [old, young] = [tcp("old", "2026-01-01T00:00:00Z"), tcp("young", "2026-01-02T00:00:00Z")];
    expect(portsOf(young, old)[0]!.tcpRoute!.route).toBe("TCPRoute/default/old");
    expect(acceptedOf(young, old)).toEqual({
      said: "False Conflicted",
      message:
        "Ports 80, 5432 of Service default/kvs: TCPRoute default/old is before it; of several the oldest applies to a port.",
    });
  });
});

test("a UDPRoute is read and told that UDP is not carried", () => {
  const udp = ofGatewayApi("UDPRoute", "u", {
    parentRefs: [to("kvs"), to("gone"), { name: "front" }, { name: "theirs" }],
    rules: [{ backendRefs: [{ name: "kvs", port: 80 }] }],
  });
  const front = gateway([{ name: "http", protocol: "HTTP", port: 8080 }]);
  const { parents } = claimsIn([kvs, udp, front]).get("UDPRoute/default/u")!;
  expect(parents!.map(({ parent, conditions }) => [parent, conditions[0]!.reason])).toEqual([
    [0, "UnsupportedValue"],
    [1, "NoMatchingParent"],
    [2, "UnsupportedValue"],
  ]);
});

test("a headless Service is no parent", () => {
  const headless = service("kvs", { clusterIP: "None" });
  const { parents, doc } = compileService(headless, worldOf(headless, http("r")));
  expect(parents[0]!.conditions[0]).toMatchObject({ reason: "NoMatchingParent" });
  expect(doc.ports[0]!.routes).toBeNull();
});

describe("at a Gateway", () => {
  const listener = { name: "http", protocol: "HTTP", port: 8080 };
  const front = { name: "front" };
  const compile = (listeners: readonly object[], ...all: readonly KnownResource[]) => {
    const given = gateway(listeners);
    return compileGateway(given, worldOf(kvs, given, ...all))!;
  };

  test("a listener of HTTP takes GRPCRoutes too: before HTTPRoutes, and calls of gRPC alone", () => {
    const { sockets, listeners } = compile([listener], http("b", front), grpc("a", front));
    expect(listeners[0]).toMatchObject({ kinds: ["HTTPRoute", "GRPCRoute"], attachedRoutes: 2 });
    const { rules, matches } = sockets[0]!.routes;
    expect(matches.map(({ rule }) => rules[rule]!.route)).toEqual([
      "GRPCRoute/default/a",
      "HTTPRoute/default/b",
    ]);
    expect(matches[0]!.headers).toEqual([
      { name: "content-type", value: "application/grpc.*", type: "regex" },
    ]);
    expect(matches[1]!.headers).toEqual([]);
  });

  test("a TCPRoute is told that no listener takes it", () => {
    const { parents } = compile([listener], tcp("d", "", front));
    expect(parents[0]!.conditions[0]).toMatchObject({ reason: "NotAllowedByListeners" });
  });

  test("kinds that a listener names and does not take are InvalidRouteKinds", () => {
    const allowedRoutes = { kinds: [{ kind: "GRPCRoute" }, { kind: "FooRoute" }] };
    const { listeners, parents } = compile([{ ...listener, allowedRoutes }], http("b", front));
    expect(listeners[0]).toMatchObject({ kinds: ["GRPCRoute"], attachedRoutes: 0 });
    expect(listeners[0]!.conditions[1]).toMatchObject({
      type: "ResolvedRefs",
      status: "False",
      reason: "InvalidRouteKinds",
    });
    expect(parents[0]!.conditions[0]).toMatchObject({ reason: "NotAllowedByListeners" });
  });

  test("a backend elsewhere needs a ReferenceGrant there, for the route's kind and namespace", () => {
    const far = service("far", {}, "other");
    const one = route({
      parentRefs: [front],
      rules: [{ backendRefs: [{ name: "far", namespace: "other", port: 80 }] }],
    });
    const backendWith = (from: object, to: object) => {
      const spec = { from: [from], to: [to] };
      const grant = ofGatewayApi("ReferenceGrant", "g", spec, { namespace: "other" });
      const { sockets, parents } = compile([listener], far, one, grant);
      const { backend } = sockets[0]!.routes.rules[0]!.backends[0]!;
      return [backend?.service ?? null, parents[0]!.conditions[1]!.reason];
    };
    const from = { group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "default" };
    const any = { group: "", kind: "Service" };
    const granted = ["other/far", "ResolvedRefs"];
    const refused = [null, "RefNotPermitted"];
    expect(backendWith(from, any)).toEqual(granted);
    expect(backendWith(from, { ...any, name: "far" })).toEqual(granted);
    expect(backendWith(from, { ...any, name: "near" })).toEqual(refused);
    expect(backendWith({ ...from, kind: "GRPCRoute" }, any)).toEqual(refused);
    expect(backendWith({ ...from, namespace: "third" }, any)).toEqual(refused);
    expect(backendWith(from, { group: "", kind: "Secret" })).toEqual(refused);
  });
});
