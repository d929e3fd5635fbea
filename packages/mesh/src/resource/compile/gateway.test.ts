import { describe, expect, test } from "vitest";
import type { Gateway } from "../gateway-api/gateway.ts";
import type { HttpRoute } from "../gateway-api/httproute.ts";
import type { TlsRoute } from "../gateway-api/tlsroute.ts";
import { compileGateway } from "./gateway.ts";
import { gateway, route, service, tlsRoute, worldOf } from "./samples.fixture.ts";

const http = { name: "http", protocol: "HTTP", port: 8080 };
const passed = { name: "tls", protocol: "TLS", port: 8443, tls: { mode: "Passthrough" } };
const known = [service("kvs"), service("far", {}, "elsewhere")];

const compile = (given: Gateway, ...routes: readonly HttpRoute[]) =>
  compileGateway(given, worldOf(...known, given, ...routes))!;

const front = (more: object = {}): { parentRefs: readonly object[]; rules: readonly object[] } => ({
  parentRefs: [{ name: "front" }],
  rules: [{ backendRefs: [{ name: "kvs", port: 80 }] }],
  ...more,
});

const acceptedOf = (given: Gateway, one: HttpRoute) =>
  compile(given, one).parents[0]?.conditions[0];

test("listens on this machine only, unless addresses say otherwise", () => {
  const hosts = (spec: object) =>
    compile(gateway([http], spec)).sockets.map(({ name, host }) => [name, host]);
  expect(hosts({})).toEqual([["http", "127.0.0.1"]]);
  expect(hosts({ addresses: [{ value: "0.0.0.0" }, { value: "::1" }] })).toEqual([
    ["http", "0.0.0.0"],
    ["http@::1", "::1"],
  ]);
});

test("an address it cannot listen on is not accepted, and it listens nowhere", () => {
  const compiled = compile(
    gateway([http], { addresses: [{ type: "Hostname", value: "a.example" }] }),
  );
  expect(compiled.sockets).toEqual([]);
  expect(compiled.conditions[0]).toMatchObject({ status: "False", reason: "UnsupportedAddress" });
});

test("a protocol that is not served is refused for its listener, and the others go on", () => {
  const certificateRefs = [{ name: "c" }];
  const compiled = compile(
    gateway([
      http,
      { name: "https", protocol: "HTTPS", port: 8443, tls: { certificateRefs } },
      { name: "ended", protocol: "TLS", port: 9443, tls: { mode: "Terminate", certificateRefs } },
      { ...passed, name: "mixed", port: http.port },
    ]),
  );
  expect(compiled.sockets.map(({ name }) => name)).toEqual(["http"]);
  expect(compiled.conditions[0]).toMatchObject({ status: "True", reason: "ListenersNotValid" });
  expect(compiled.listeners.map(({ kinds, conditions }) => [kinds, conditions[0]!])).toMatchObject([
    [["HTTPRoute", "GRPCRoute"], { reason: "Accepted" }],
    [[], { reason: "UnsupportedProtocol" }],
    [
      [],
      {
        reason: "UnsupportedProtocol",
        message:
          "heddle's gateways take HTTP, and TLS to be passed through; TLS with mode Terminate is not served.",
      },
    ],
    [
      [],
      {
        reason: "PortUnavailable",
        message: "Port 8080 is that of listener http, which has protocol HTTP.",
      },
    ],
  ]);
});

describe("a listener of protocol TLS, mode Passthrough", () => {
  const route443 = (more: object = {}) =>
    tlsRoute({
      parentRefs: [{ name: "front" }],
      hostnames: ["a.example.com", "*.b.example.com"],
      backendRefs: [{ name: "secure", port: 443 }],
      ...more,
    });
  const secure = service("secure", { ports: [{ port: 443, appProtocol: "https" }] });
  const plain = service("plain", { ports: [{ port: 80, appProtocol: "http" }] });
  const compileTls = (given: Gateway, ...tlsRoutes: readonly TlsRoute[]) =>
    compileGateway(given, worldOf(secure, plain, given, ...tlsRoutes))!;

  test("has a socket with TLSRoutes and no others", () => {
    const compiled = compileTls(gateway([passed]), route443());
    expect(compiled.sockets).toEqual([
      {
        name: "tls",
        host: "127.0.0.1",
        port: 8443,
        protocol: "tls",
        routes: { matches: [], rules: [] },
        tlsRoutes: [
          {
            route: "TLSRoute/default/r",
            name: "0",
            hostnames: ["a.example.com", "*.b.example.com"],
            backends: [
              { backend: { service: "default/secure", port: 443 }, weight: 1, filters: [] },
            ],
          },
        ],
      },
    ]);
    expect(compiled.listeners[0]).toMatchObject({ kinds: ["TLSRoute"], attachedRoutes: 1 });
    expect(compiled.parents[0]!.conditions).toMatchObject([
      { type: "Accepted", status: "True" },
      { type: "ResolvedRefs", status: "True" },
    ]);
  });

  test("takes of a route's names those that are its own, too", () => {
    const named = gateway([{ ...passed, hostname: "*.example.com" }]);
    const hostnames = ["a.example.com", "a.elsewhere.com", "*.com"];
    const [socket] = compileTls(named, route443({ hostnames })).sockets;
    expect(socket!.tlsRoutes[0]!.hostnames).toEqual(["a.example.com", "*.example.com"]);
    const none = compileTls(named, route443({ hostnames: ["a.elsewhere.com"] }));
    expect(none.parents[0]!.conditions[0]!.reason).toBe("NoMatchingListenerHostname");
  });

  test("takes no HTTPRoute, and one of HTTP no TLSRoute", () => {
    expect(acceptedOf(gateway([passed]), route(front()))!.reason).toBe("NotAllowedByListeners");
    const compiled = compileTls(gateway([http]), route443());
    expect(compiled.parents[0]!.conditions[0]!.reason).toBe("NotAllowedByListeners");
    expect(compiled.parents[0]!.conditions[0]!.message).toMatch(/: .* is of HTTP\.$/);
    const both = compileTls(gateway([http, passed]), route443());
    expect(both.listeners.map(({ attachedRoutes }) => attachedRoutes)).toEqual([0, 1]);
  });

  test("has older routes before younger ones, and closes the share of what cannot be sent to", () => {
    const backendRefs = [
      { name: "plain", port: 80, weight: 3 },
      { name: "gone", port: 443 },
    ];
    const compiled = compileTls(
      gateway([passed]),
      route443({ name: "new", created: "2026-02-01T00:00:00Z", backendRefs }),
      route443({ name: "old", created: "2026-01-01T00:00:00Z" }),
    );
    const [old, young] = compiled.sockets[0]!.tlsRoutes;
    expect([old!.route, young!.route]).toEqual(["TLSRoute/default/old", "TLSRoute/default/new"]);
    expect(young!.backends.map(({ backend, weight }) => [backend, weight])).toEqual([
      [null, 3],
      [null, 1],
    ]);
    const resolved = compiled.parents.find((one) => one.route === "TLSRoute/default/new")!
      .conditions[1];
    expect(resolved).toMatchObject({
      reason: "UnsupportedProtocol",
      message:
        "Port 80 of Service default/plain carries http1, which a TLSRoute does not reach. There is no Service gone in namespace default.",
    });
  });
});

test("a gateway of another controller is left alone", () => {
  expect(compileGateway(gateway([http], { gatewayClassName: "theirs" }), worldOf())).toBeNull();
});

test("routes attach, and are counted", () => {
  const compiled = compile(gateway([http]), route(front()));
  expect(compiled.listeners[0]).toMatchObject({ name: "http", attachedRoutes: 1 });
  expect(compiled.sockets[0]!.routes.rules).toHaveLength(1);
});

describe("a route is refused", () => {
  test("where no listener is meant", () => {
    const one = route(front({ parentRefs: [{ name: "front", sectionName: "grpc" }] }));
    expect(acceptedOf(gateway([http]), one)).toMatchObject({ reason: "NoMatchingParent" });
  });

  test("where listeners allow routes of their own namespace only", () => {
    const one = route({
      ...front({ parentRefs: [{ name: "front", namespace: "default" }] }),
      namespace: "elsewhere",
    });
    expect(acceptedOf(gateway([http]), one)).toMatchObject({ reason: "NotAllowedByListeners" });
    const open = { ...http, allowedRoutes: { namespaces: { from: "All" } } };
    expect(acceptedOf(gateway([open]), one)).toMatchObject({ reason: "Accepted" });
  });

  test("where no host name is common", () => {
    const named = gateway([{ ...http, hostname: "*.example.com" }]);
    expect(acceptedOf(named, route(front({ hostnames: ["example.com"] })))).toMatchObject({
      reason: "NoMatchingListenerHostname",
    });
  });
});

test("a backend in another namespace is not permitted", () => {
  const one = route(
    front({ rules: [{ backendRefs: [{ name: "far", namespace: "elsewhere", port: 80 }] }] }),
  );
  const compiled = compile(gateway([http]), one);
  expect(compiled.parents[0]!.conditions[1]).toMatchObject({ reason: "RefNotPermitted" });
  expect(compiled.sockets[0]!.routes.rules[0]!.backends[0]!.backend).toBeNull();
});

test("listeners of one port share a socket, and the more specific host name comes first", () => {
  const compiled = compile(
    gateway([
      http,
      { ...http, name: "wild", hostname: "*.example.com" },
      { ...http, name: "one", hostname: "a.example.com" },
    ]),
    route(front()),
  );
  expect(compiled.sockets).toHaveLength(1);
  expect(compiled.sockets[0]!.routes.matches.map(({ hostnames }) => hostnames)).toEqual([
    ["a.example.com"],
    ["*.example.com"],
    [],
  ]);
});
