import { expect, test } from "vitest";
import { ofGatewayApi, service, to, worldOf } from "./samples.fixture.ts";
import { compileService } from "./service.ts";

/** gamma.md §4. */

const ports = [
  { name: "grpc", port: 50051, appProtocol: "grpc" },
  { name: "web", port: 80, appProtocol: "http" },
];
const pay = service("pay", { ports });
const backend = { name: "pay", port: 50051 };
const compile = (rules: readonly object[] | undefined, more: object = {}) => {
  const spec = { parentRefs: [to("pay", { port: 50051 })], rules, ...more };
  return compileService(pay, worldOf(pay, ofGatewayApi("GRPCRoute", "r", spec)));
};
const routesOf = (rules?: readonly object[]) => compile(rules).doc.ports[0]!.routes!;
const pathOf = (method: object) =>
  routesOf([{ matches: [{ method }], backendRefs: [backend] }]).matches[0]!.path;

test("a method is a path, in the form that says it", () => {
  expect(pathOf({ service: "shop.v1.Pay", method: "Get" })).toEqual({
    type: "exact",
    value: "/shop.v1.Pay/Get",
  });
  expect(pathOf({ service: "shop.v1.Pay" })).toEqual({ type: "prefix", value: "/shop.v1.Pay" });
  expect(pathOf({ method: "Get" })).toEqual({ type: "regex", value: "/[^/]+/(?:Get)" });
  expect(pathOf({ type: "RegularExpression", service: "a|b", method: "G.*" })).toEqual({
    type: "regex",
    value: "/(?:a|b)/(?:G.*)",
  });
});

test("without a match every call is meant, and without rules none has a backend", () => {
  const every = { path: { type: "prefix", value: "/" }, method: null, headers: [], query: [] };
  expect(routesOf([{ backendRefs: [backend] }]).matches).toMatchObject([every]);
  expect(routesOf().rules).toMatchObject([{ fails: "invalid-backend", backends: [] }]);
});

test("the longer service is tried first, then the longer method, then more headers", () => {
  const header = (name: string) => ({ name, value: "1" });
  const { matches } = routesOf([
    { matches: [{}] },
    { matches: [{ method: { service: "a.B" } }] },
    { matches: [{ method: { service: "a.B" }, headers: [header("x")] }] },
    { matches: [{ method: { service: "a.B", method: "Get" } }] },
    { matches: [{ method: { service: "a.B", method: "GetAll" } }] },
    { matches: [{ method: { service: "a.Bigger" } }] },
  ]);
  expect(matches.map(({ rule }) => rule)).toEqual([5, 4, 3, 2, 1, 0]);
});

test("a pattern that is refused makes its rule answer 500, and says where", () => {
  const bad = { matches: [{ method: { type: "RegularExpression", service: "(?=a)" } }] };
  const { doc, parents } = compile([{ ...bad, backendRefs: [backend] }]);
  expect(doc.ports[0]!.routes!.rules[0]!.fails).toBe("invalid-backend");
  expect(parents[0]!.conditions[0]).toMatchObject({ status: "False", reason: "UnsupportedValue" });
  expect(parents[0]!.conditions[0]!.message).toContain("spec.rules[0].matches[0].method");
});

test("a port that declares HTTP/1.1 carries no calls: its share fails", () => {
  const { doc, parents } = compile([{ backendRefs: [{ name: "pay", port: 80 }] }]);
  expect(doc.ports[0]!.routes!.rules[0]!.backends[0]!.backend).toBeNull();
  expect(parents[0]!.conditions[1]).toMatchObject({ reason: "UnsupportedProtocol" });
});

test("its sessions are those of its rules", () => {
  const [first, second] = routesOf([
    { backendRefs: [backend], sessionPersistence: {} },
    { backendRefs: [backend], sessionPersistence: { type: "Header", sessionName: "X-S" } },
  ]).rules;
  expect(first!.policy!.session!.in).toMatchObject({ kind: "cookie", path: "/", permanent: false });
  expect(second!.policy!.session!.in).toEqual({ kind: "header", name: "x-s" });
});
