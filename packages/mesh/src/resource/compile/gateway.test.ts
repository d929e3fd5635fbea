import { describe, expect, test } from "vitest";
import type { Gateway } from "../gateway-api/gateway.ts";
import type { HttpRoute } from "../gateway-api/httproute.ts";
import { compileGateway } from "./gateway.ts";
import { gateway, route, service, services } from "./samples.fixture.ts";

const http = { name: "http", protocol: "HTTP", port: 8080 };
const findService = services(service("kvs"), service("far", {}, "elsewhere"));

const compile = (given: Gateway, ...routes: readonly HttpRoute[]) =>
  compileGateway(given, { isOurs: true, routes, findService })!;

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
  const compiled = compile(
    gateway([http, { name: "tls", protocol: "TLS", port: 8443, tls: { mode: "Passthrough" } }]),
  );
  expect(compiled.sockets.map(({ name }) => name)).toEqual(["http"]);
  expect(compiled.conditions[0]).toMatchObject({ status: "True", reason: "ListenersNotValid" });
  expect(compiled.listeners.map(({ conditions }) => conditions[0]!.reason)).toEqual([
    "Accepted",
    "UnsupportedProtocol",
  ]);
});

test("a gateway of another controller is left alone", () => {
  expect(compileGateway(gateway([http]), { isOurs: false, routes: [], findService })).toBeNull();
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
