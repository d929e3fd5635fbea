import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PlainRequest } from "../../test/support/plain-head.ts";
import { SeededRng } from "../base/rng.ts";
import type { MatchDoc, RoutesDoc } from "../model/document.ts";
import { compileRoutes } from "./compile.ts";
import { hostOf, matchesHostname } from "./host.ts";

type Match = Partial<Omit<MatchDoc, "path">> & {
  path?: string;
  exact?: string;
  pattern?: MatchDoc["path"];
};

/** One rule for each match, named by its index. */
function routes(...matches: readonly Match[]): RoutesDoc {
  return {
    matches: matches.map(({ path, exact, pattern, ...match }, rule) => ({
      rule,
      hostnames: [],
      path:
        pattern ??
        (exact === undefined
          ? { type: "prefix", value: path ?? "/" }
          : { type: "exact", value: exact }),
      method: null,
      headers: [],
      query: [],
      ...match,
    })),
    rules: matches.map((_, index) => ({
      route: "HTTPRoute/default/r",
      name: String(index),
      filters: [],
      backends: [],
      requestTimeoutMs: null,
      fails: null,
    })),
  };
}

function route(doc: RoutesDoc, head: PlainRequest): string {
  const rule = compileRoutes(doc, null).match(head);
  return typeof rule === "string" ? rule : rule.name.split("#")[1]!;
}

const get = (path: string, fields: [string, string][] = [], authority = "kvs") =>
  new PlainRequest("GET", path, fields, authority);

describe("paths", () => {
  test.each([
    ["/abc", "0"],
    ["/abc/", "0"],
    ["/abc/d", "0"],
    ["/abc?x", "0"],
    ["/abcd", "no-route"],
    ["/ABC", "no-route"],
    ["/", "no-route"],
  ])("prefix /abc takes whole segments: %s → %s", (path, rule) => {
    expect(route(routes({ path: "/abc" }), get(path))).toBe(rule);
  });

  test.each([
    ["/abc", "0"],
    ["/abc?x=/", "0"],
    ["/abc/", "no-route"],
    ["/abc/d", "no-route"],
    ["/", "no-route"],
  ])("exact /abc is exact: %s → %s", (path, rule) => {
    expect(route(routes({ exact: "/abc" }), get(path))).toBe(rule);
  });

  test("the prefix / takes everything, OPTIONS * too", () => {
    for (const path of ["/", "//", "/a/../b", "*", ""])
      expect(route(routes({}), get(path))).toBe("0");
  });

  test("without rules there is no route", () => {
    expect(route(routes(), get("/"))).toBe("no-route");
  });
});

describe("the other conditions", () => {
  test.each([
    ["GET", "0"],
    ["PUT", "no-route"],
    ["get", "no-route"],
  ])("method %s → %s", (method, rule) => {
    expect(route(routes({ method: "GET" }), new PlainRequest(method, "/"))).toBe(rule);
  });

  test("all headers must be there, by first value", () => {
    const doc = routes({
      headers: [
        { name: "version", value: "two" },
        { name: "color", value: "red" },
      ],
    });
    expect(
      route(
        doc,
        get("/", [
          ["version", "two"],
          ["color", "red"],
          ["color", "blue"],
        ]),
      ),
    ).toBe("0");
    expect(
      route(
        doc,
        get("/", [
          ["version", "two"],
          ["color", "blue"],
          ["color", "red"],
        ]),
      ),
    ).toBe("no-route");
    expect(route(doc, get("/", [["version", "two"]]))).toBe("no-route");
  });

  test("a value that is not ASCII is what clients send for it: UTF-8", () => {
    const query = routes({ query: [{ name: "q", value: "größe €" }] });
    expect(route(query, get("/?q=gr%C3%B6%C3%9Fe+%e2%82%ac"))).toBe("0");
    expect(route(query, get("/?q=gr%F6%DFe+%80"))).toBe("no-route");
    const header = routes({ headers: [{ name: "q", value: "ü" }] });
    expect(route(header, get("/", [["q", "\xc3\xbc"]]))).toBe("0");
    expect(route(header, get("/", [["q", "\xfc"]]))).toBe("no-route");
  });

  test("query parameters by first value, others ignored", () => {
    const doc = routes({ query: [{ name: "animal", value: "whale" }] });
    expect(route(doc, get("/?x=1&animal=wh%61le&animal=dog"))).toBe("0");
    expect(route(doc, get("/?animal=dog&animal=whale"))).toBe("no-route");
    expect(route(doc, get("/animal=whale"))).toBe("no-route");
  });

  test.each([
    ["kvs.example.com", "0"],
    ["KVS.Example.COM.:8080", "0"],
    ["example.com", "1"],
    ["a.b.example.com", "0"],
    ["xexample.com", "no-route"],
    ["", "no-route"],
  ])("authority %j → %s", (authority, rule) => {
    const doc = routes({ hostnames: ["*.example.com"] }, { hostnames: ["Example.com"] });
    expect(route(doc, get("/", [], authority))).toBe(rule);
  });

  test("an IPv6 authority keeps its brackets", () => {
    expect([hostOf("[::1]:80"), hostOf("[::1]"), hostOf("a:80"), hostOf("a")]).toEqual([
      "[::1]",
      "[::1]",
      "a",
      "a",
    ]);
    expect(matchesHostname("*.a", ".a")).toBe(false);
  });
});

describe("precedence is the document's order, whatever kind the matches are", () => {
  test("a later exact path loses to an earlier prefix", () => {
    expect(route(routes({ path: "/a" }, { exact: "/a" }), get("/a"))).toBe("0");
    expect(route(routes({ exact: "/a" }, { path: "/a" }), get("/a"))).toBe("0");
    expect(route(routes({}, { exact: "/a" }), get("/a"))).toBe("0");
  });

  test("the next one is asked when a header does not fit", () => {
    const doc = routes({ path: "/v2", headers: [{ name: "x", value: "1" }] }, { path: "/v2" }, {});
    expect(route(doc, get("/v2/a", [["x", "1"]]))).toBe("0");
    expect(route(doc, get("/v2/a"))).toBe("1");
    expect(route(doc, get("/v2example"))).toBe("2");
  });
});

describe("patterns", () => {
  const regex = (value: string, type: "regex" | "regex-prefix" = "regex"): Match => ({
    pattern: { type, value },
  });
  const header = (value: string) => ({ headers: [{ name: "x", value, type: "regex" as const }] });

  test.each([
    ["/users/[^/]+/orders", "regex", "/users/7/orders", "0"],
    ["/users/[^/]+/orders", "regex", "/users/7/orders/8", "no-route"],
    ["/users/[^/]+/orders", "regex-prefix", "/users/7/orders/8?a", "0"],
    ["/users/[^/]+/orders", "regex", "//users/%37/orders?a=/b", "0"],
    ["/(a|b)/.*", "regex", "/b/", "0"],
    ["/(a|b)/.*", "regex", "/c/", "no-route"],
    ["/a", "regex", "/a", "0"],
    ["/a", "regex", "/a/", "no-route"],
    ["/ap", "regex-prefix", "/apple", "0"],
    [".*", "regex", "/", "0"],
    [".*\\.json", "regex", "/a/b.json", "0"],
  ] as const)("path %s, %s: %s → %s", (value, type, path, rule) => {
    expect(route(routes(regex(value, type)), get(path))).toBe(rule);
  });

  test("a pattern that takes any path leaves the path as it came", () => {
    const head = get("//7/%37/../%2F");
    expect(route(routes(regex(".*"), regex("", "regex-prefix")), head)).toBe("0");
    expect(head.path).toBe("//7/%37/../%2F");
  });

  test("a header's must fit all its values, joined; where it is not there none does", () => {
    const doc = routes(header(".*Android.*"));
    expect(route(doc, get("/", [["x", "iOS"]]))).toBe("no-route");
    expect(route(doc, get("/", [["x", "an Android"]]))).toBe("0");
    const both: [string, string][] = [
      ["x", "a"],
      ["y", "b"],
      ["x", "c"],
    ];
    expect(route(routes(header("a,c")), get("/", both))).toBe("0");
    expect(route(routes(header(".*")), get("/"))).toBe("no-route");
    expect(route(routes(header("")), get("/", [["x", ""]]))).toBe("0");
  });

  test("a parameter's must fit its first value, decoded", () => {
    const query = [{ name: "v", value: "[0-9]+ [0-9]", type: "regex" as const }];
    expect(route(routes({ query }), get("/?v=12+3&v=x"))).toBe("0");
    expect(route(routes({ query }), get("/?v=x&v=12+3"))).toBe("no-route");
    expect(route(routes({ query }), get("/"))).toBe("no-route");
  });

  test("what cannot be read is taken to fit, and its rule cannot be acted on", () => {
    for (const broken of [regex("("), header("(")]) {
      const found = compileRoutes(routes(broken, {}), null).match(get("/any", [["x", "1"]]));
      expect(found).toMatchObject({ name: "HTTPRoute/default/r#0", fails: "unsupported" });
    }
  });
});

test("the table equals trying all matches in turn", () => {
  const path = fc.constantFrom("/", "/a", "/a/b", "/ab", "/b", "/a/b/c", "/b/c");
  const pattern = fc.constantFrom(
    "/a",
    "/a/[^/]+",
    "/a/.*",
    "/(a|b)/c",
    ".*/c",
    "/a.*",
    ".*",
    "/[ab]",
  );
  const field = (name: string) =>
    fc.oneof(
      fc.record({ name: fc.constant(name), value: fc.constantFrom("1", "2", "3") }),
      fc.record({
        name: fc.constant(name),
        value: fc.constantFrom("[12]", "1.*", ".*"),
        type: fc.constant("regex" as const),
      }),
    );
  const fields = (names: readonly string[]) =>
    fc.subarray([...names], { maxLength: 2 }).chain((some) => fc.tuple(...some.map(field)));
  const match = fc.record({
    hostnames: fc.subarray(["kvs", "*.kvs", "b.kvs"], { maxLength: 2 }),
    path: fc.oneof(
      fc.record({ type: fc.constantFrom("exact" as const, "prefix" as const), value: path }),
      fc.record({
        type: fc.constantFrom("regex" as const, "regex-prefix" as const),
        value: pattern,
      }),
    ),
    method: fc.constantFrom(null, null, "GET", "PUT"),
    headers: fields(["h1", "h2", "h3", "h4", "h5", "h6"]),
    query: fields(["p", "q"]),
  });
  const value = fc.constantFrom("1", "2", "12");
  const asked = fc.record({
    path,
    slash: fc.boolean(),
    authority: fc.constantFrom("kvs", "b.kvs:80", "other"),
    fields: fc.array(fc.tuple(fc.constantFrom("h1", "h2", "h3", "h5", "z"), value), {
      maxLength: 4,
    }),
    query: fc.array(fc.tuple(fc.constantFrom("p", "q"), value), { maxLength: 2 }),
  });
  let hits = 0;
  fc.assert(
    // Few matches at a path are tried in turn, many have indexes.
    fc.property(
      fc.array(match, { maxLength: 60, size: "max" }),
      fc.array(asked, { minLength: 5, maxLength: 5 }),
      (matches, requests) => {
        const bare = routes(...matches.map((_) => ({})));
        const table = compileRoutes(
          { ...bare, matches: matches.map((one, rule) => ({ rule, ...one })) },
          null,
        );
        for (const { path, slash, authority, fields, query } of requests) {
          const target = slash && path !== "/" ? `${path}/` : path;
          const written = query.map((pair) => pair.join("=")).join("&");
          const head = get(written === "" ? target : `${target}?${written}`, fields, authority);
          const fits = ({ type, value }: { type?: string; value: string }, given: string) => {
            if (type === "prefix") return value === "/" || `${given}/`.startsWith(`${value}/`);
            if (type === "regex-prefix") return new RegExp(`^(?:${value})`).test(given);
            if (type === "regex") return new RegExp(`^(?:${value})$`).test(given);
            return value === given;
          };
          const host = authority.replace(":80", "");
          const expected = matches.findIndex(
            (match) =>
              (match.hostnames.length === 0 ||
                match.hostnames.some((one) => matchesHostname(one, host))) &&
              fits(match.path, target) &&
              match.method !== "PUT" &&
              match.headers.every((one) => {
                const all = fields.filter(([name]) => name === one.name).map(([, each]) => each);
                return all.length > 0 && fits(one, "type" in one ? all.join() : all[0]!);
              }) &&
              match.query.every((one) => {
                const first = query.find(([name]) => name === one.name)?.[1];
                return first !== undefined && fits(one, first);
              }),
          );
          const found = table.match(head);
          const name = typeof found === "string" ? found : found.name.split("#")[1];
          expect(name).toBe(expected === -1 ? "no-route" : String(expected));
          if (expected > 7) hits++;
        }
      },
    ),
    { seed: 1, numRuns: 400 },
  );
  expect(hits).toBeGreaterThan(100);
});

describe("what is matched is what is forwarded", () => {
  const doc = routes({ path: "/a" });
  test.each([
    ["/a", "/a"],
    ["//a///b", "/a/b"],
    ["/%61/%7e%2a", "/a/~%2A"],
    ["/a/%c3%a9", "/a/%C3%A9"],
    ["/a/.b/..c?q=//&r=%61", "/a/.b/..c?q=//&r=%61"],
  ])("%s is forwarded as %s", (path, forwarded) => {
    const head = get(path);
    expect(route(doc, head)).toBe("0");
    expect(head.path).toBe(forwarded);
  });

  test.each([
    "/a/../b",
    "/a/..",
    "/a/.",
    "/./a",
    "/a/%2e%2e/b",
    "/a/.%2E",
    "/a/..;x=1/b",
    "/a%2Fb",
    "/a%2fb",
    "/a%5cb",
    "/a\\b",
    "/a%00",
    "/a%",
    "/a%4",
    "/a%4?",
    "/a%zz",
  ])("%s is refused", (path) => {
    expect(route(doc, get(path))).toBe("bad-request");
  });

  test("routes that look at no path leave it as it came", () => {
    const head = get("//7/%37/../%2F");
    expect(route(routes({ method: "GET" }), head)).toBe("0");
    expect(head.path).toBe("//7/%37/../%2F");
  });

  test("a path written with escapes in the route is the same path", () => {
    expect(route(routes({ path: "/%7euser" }), get("/~user/x"))).toBe("0");
  });
});

describe("weights", () => {
  const split = (...weights: number[]): RoutesDoc => {
    const doc = routes({});
    const backends = weights.map((weight, index) => ({
      backend: { service: `default/b${index}`, port: 80 },
      weight,
      filters: [],
    }));
    return { ...doc, rules: [{ ...doc.rules[0]!, backends }] };
  };
  const picks = (doc: RoutesDoc, count: number, seed: number | null) => {
    const [rule] = compileRoutes(doc, seed === null ? null : new SeededRng(seed)).rules;
    return Array.from(
      { length: count },
      () => rule!.backends.next()?.target?.service.slice(-1) ?? "-",
    ).join("");
  };

  test("are spread smoothly", () => {
    expect(picks(split(5, 1, 1), 7, null)).toBe("0010200");
  });

  test.each([[[1, 1]], [[90, 10]], [[70, 30]], [[1000, 500, 0]], [[3, 0, 7, 1]]])(
    "%j are exact over each sum of picks, wherever the cycle starts",
    (weights) => {
      const sum = weights.reduce((a, b) => a + b, 0);
      for (const seed of [null, 1, 2]) {
        const sequence = picks(split(...weights), 2 * sum, seed);
        for (const start of [0, 1, sum - 1, sum]) {
          const window = sequence.slice(start, start + sum);
          for (const [index, weight] of weights.entries()) {
            expect(window.split(String(index)).length - 1).toBe(weight);
          }
        }
      }
    },
  );

  test("callers do not all begin with the heaviest", () => {
    const starts = new Set(Array.from({ length: 50 }, (_, seed) => picks(split(70, 30), 1, seed)));
    expect(starts).toEqual(new Set(["0", "1"]));
  });

  test("no weight, no backend", () => {
    expect(picks(split(0, 0), 2, 1)).toBe("--");
    expect(picks(split(), 1, 1)).toBe("-");
  });
});
