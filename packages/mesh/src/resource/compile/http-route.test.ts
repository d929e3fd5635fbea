import { describe, expect, test } from "vitest";
import { parseDocument } from "../../snapshot/codec.ts";
import { route, service, to, worldOf } from "./samples.fixture.ts";
import { compileService } from "./service.ts";

/** gamma.md §3 and §6: what an HTTPRoute's rules come to, and what is said of it. */

const kvs = service("kvs");
const backend = { name: "kvs", port: 80 };
const compile = (rules: readonly object[], name = "r") => {
  const world = worldOf(kvs, service("copy"), route({ name, parentRefs: [to("kvs")], rules }));
  const compiled = compileService(kvs, world);
  expect(parseDocument(compiled.doc)).toMatchObject({ ok: true });
  return compiled;
};
const routesOf = (...rules: readonly object[]) => compile(rules).doc.ports[0]!.routes!;
const ruleOf = (rule: object) => routesOf({ backendRefs: [backend], ...rule }).rules[0]!;
const filterOf = (filter: object, more: object = {}) =>
  ruleOf({ filters: [filter], ...more }).filters[0];
const conditionsOf = (...rules: readonly object[]) => compile(rules).parents[0]!.conditions;

describe("precedence", () => {
  test("exact path, pattern, longest prefix, method, headers, query, and then the order given", () => {
    const header = (name: string) => ({ name, value: "1" });
    const matches = [
      {},
      { queryParams: [header("q")] },
      { headers: [header("a")], queryParams: [header("q")] },
      { headers: [header("a"), header("b")] },
      { method: "GET" },
      { path: { value: "/a" } },
      { path: { value: "/a/b" } },
      { path: { type: "RegularExpression", value: "/.*" } },
      { path: { type: "Exact", value: "/a" } },
    ];
    const routes = routesOf(...matches.map((match) => ({ matches: [match] })), {});
    expect(routes.matches.map(({ rule }) => rule)).toEqual([8, 7, 6, 5, 4, 3, 2, 1, 0, 9]);
  });
});

describe("regular expressions", () => {
  const path = (value: string) => ({ path: { type: "RegularExpression", value } });
  const header = { name: "X-V", type: "RegularExpression", value: "v[0-9]+" };

  test("hold for the whole path, value or parameter, and the status says in which form", () => {
    const match = {
      ...path("/users/[^/]+/orders"),
      headers: [header],
      queryParams: [{ name: "Q", type: "RegularExpression", value: "a.*" }],
    };
    const rule = { matches: [match], backendRefs: [backend] };
    expect(routesOf(rule).matches[0]).toMatchObject({
      path: { type: "regex", value: "/users/[^/]+/orders" },
      headers: [{ name: "x-v", value: "v[0-9]+", type: "regex" }],
      query: [{ name: "Q", value: "a.*", type: "regex" }],
    });
    expect(conditionsOf(rule)[0]).toEqual({
      type: "Accepted",
      status: "True",
      reason: "Accepted",
      message:
        "Accepted. Regular expressions are matched: spec.rules[0].matches[0].path as segments, spec.rules[0].matches[0].headers[0] as segments, spec.rules[0].matches[0].queryParams[0] as a prefix.",
    });
  });
});

describe("filters", () => {
  const prefix = { matches: [{ path: { value: "/old" } }] };

  test("a redirect answers by itself, as it came where it says nothing", () => {
    const redirect = (given: object) =>
      routesOf({
        ...prefix,
        filters: [{ type: "RequestRedirect", requestRedirect: given }],
      }).rules[0]!;
    expect(redirect({})).toMatchObject({
      fails: null,
      backends: [],
      filters: [
        { type: "redirect", scheme: null, hostname: null, port: null, path: null, status: 302 },
      ],
    });
    const all = { scheme: "https", hostname: "a.b", port: 8443, statusCode: 308 };
    const path = { type: "ReplacePrefixMatch", replacePrefixMatch: "/new" };
    expect(redirect({ ...all, path }).filters[0]).toEqual({
      type: "redirect",
      scheme: "https",
      hostname: "a.b",
      port: 8443,
      path: { replace: "prefix", from: "/old", value: "/new" },
      status: 308,
    });
  });

  test("a mirror copies all, a percentage, or a fraction", () => {
    const share = (more: object) =>
      filterOf({
        type: "RequestMirror",
        requestMirror: { backendRef: { name: "copy", port: 80 }, ...more },
      });
    const to = (numerator: number, denominator: number) => ({
      type: "mirror",
      backend: { service: "default/copy", port: 80 },
      share: { numerator, denominator },
    });
    expect(share({})).toEqual(to(100, 100));
    expect(share({ percent: 20 })).toEqual(to(20, 100));
    expect(share({ fraction: { numerator: 1, denominator: 3 } })).toEqual(to(1, 3));
  });

  test("a mirror that leads nowhere copies nothing and is told, and requests go on", () => {
    const mirror = {
      type: "RequestMirror",
      requestMirror: { backendRef: { name: "gone", port: 80 } },
    };
    const rule = { filters: [mirror], backendRefs: [backend] };
    expect(routesOf(rule).rules[0]).toMatchObject({ fails: null, filters: [{ backend: null }] });
    const [accepted, resolved] = conditionsOf(rule);
    expect(accepted!.status).toBe("True");
    expect(resolved).toMatchObject({ status: "False", reason: "BackendNotFound" });
  });

  test("CORS says what upstream says where it says nothing", () => {
    expect(
      filterOf({ type: "CORS", cors: { allowOrigins: ["*"], allowCredentials: true } }),
    ).toEqual({
      type: "cors",
      allowOrigins: ["*"],
      allowMethods: [],
      allowHeaders: [],
      exposeHeaders: [],
      allowCredentials: true,
      maxAgeS: 5,
    });
  });

  test("backends have filters of their own, all kinds of them", () => {
    const filters = [
      { type: "CORS", cors: {} },
      { type: "RequestMirror", requestMirror: { backendRef: { name: "copy", port: 80 } } },
      { type: "RequestHeaderModifier", requestHeaderModifier: { remove: ["x"] } },
    ];
    const rule = ruleOf({ backendRefs: [{ ...backend, filters }] });
    expect(rule.filters).toEqual([]);
    expect(rule.backends[0]!.filters.map(({ type }) => type)).toEqual([
      "cors",
      "mirror",
      "request-headers",
    ]);
  });
});

describe("retries", () => {
  test("attempts are retries; broken connections count wherever there is a stanza", () => {
    expect(ruleOf({ retry: { codes: [500, 503], attempts: 3, backoff: "100ms" } }).policy).toEqual({
      retry: {
        retriesMax: 3,
        codes: [500, 503],
        grpcCodes: [],
        connectionErrors: true,
        backoff: { baseMs: 100, maxMs: 1000 },
        methods: "safe",
        bodyBytesMax: 65_536,
      },
    });
    expect(ruleOf({ retry: {} }).policy!.retry).toMatchObject({
      retriesMax: 1,
      codes: [],
      connectionErrors: true,
      backoff: { baseMs: 25, maxMs: 250 },
    });
    expect(ruleOf({})).not.toHaveProperty("policy");
  });
});

describe("sessions", () => {
  const session = (given: object) => ruleOf({ sessionPersistence: given }).policy!.session;

  test("either shape means one thing", () => {
    const cookie = { kind: "cookie", name: "s", path: "/", permanent: true };
    const absoluteTimeout = "1h";
    const said = { in: cookie, absoluteTimeoutMs: 3_600_000 };
    const lifetimeType = "Permanent";
    expect(session({ sessionName: "s", absoluteTimeout, cookieConfig: { lifetimeType } })).toEqual(
      said,
    );
    expect(session({ absoluteTimeout, cookie: { name: "s", lifetimeType } })).toEqual(said);
    const header = { in: { kind: "header", name: "x-s" }, absoluteTimeoutMs: null };
    expect(session({ type: "Header", sessionName: "X-S" })).toEqual(header);
    expect(session({ type: "Header", header: { name: "X-S" } })).toEqual(header);
  });

  test("a cookie of the newer shape has its path", () => {
    expect(session({ cookie: { name: "s", path: "/shop" } })!.in).toMatchObject({ path: "/shop" });
  });

  test("no two rules share one by default, also of one Service", () => {
    const names = routesOf(
      { backendRefs: [backend], sessionPersistence: {} },
      { backendRefs: [backend], sessionPersistence: {} },
    ).rules.map(({ policy }) => policy!.session!.in.name);
    expect(new Set(names).size).toBe(2);
    expect(names.every((name) => /^heddle-[0-9a-z]+$/.test(name))).toBe(true);
  });
});

describe("what is said of it", () => {
  const bad = {
    name: "bad",
    filters: [{ type: "ExtensionRef", extensionRef: { group: "a.b", kind: "C", name: "d" } }],
  };
  const good = { backendRefs: [backend] };

  test("with some rules not acted on it is accepted and partially invalid, and says which", () => {
    expect(conditionsOf(good, bad)).toMatchObject([
      { type: "Accepted", status: "True", reason: "Accepted" },
      { type: "ResolvedRefs", status: "True", reason: "ResolvedRefs" },
      {
        type: "PartiallyInvalid",
        status: "True",
        reason: "UnsupportedValue",
        message:
          "Dropped Rule bad: heddle does not act on spec.rules[1].filters[0] (filter ExtensionRef): its requests answer 500.",
      },
    ]);
    expect(routesOf(good, bad).rules.map(({ fails }) => fails)).toEqual([null, "invalid-backend"]);
  });

  test("with none left it is not", () => {
    expect(conditionsOf(bad).map(({ status, reason }) => `${status} ${reason}`)).toEqual([
      "False UnsupportedValue",
      "True ResolvedRefs",
    ]);
  });
});
