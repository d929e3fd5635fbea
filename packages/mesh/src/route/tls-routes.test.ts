import fc from "fast-check";
import { expect, test } from "vitest";
import type { TlsRouteDoc } from "../model/document.ts";
import { matchesHostname } from "./host.ts";
import { compileTlsRoutes } from "./tls-routes.ts";

function doc(name: string, hostnames: readonly string[], to = name): TlsRouteDoc {
  const backend = { service: `default/${to}`, port: 443 };
  return {
    route: `TLSRoute/default/${name}`,
    name: "0",
    hostnames,
    backends: [{ backend, weight: 1, filters: [] }],
  };
}

const ruleFor = (docs: readonly TlsRouteDoc[], name: string | null) =>
  compileTlsRoutes(docs, null).match(name)?.name ?? null;

test.each([
  ["a.example.com", "TLSRoute/default/exact#0"],
  ["A.Example.COM", "TLSRoute/default/exact#0"],
  ["a.example.com.", "TLSRoute/default/exact#0"],
  ["b.example.com", "TLSRoute/default/short#0"],
  ["x.b.example.com", "TLSRoute/default/long#0"],
  ["y.x.b.example.com", "TLSRoute/default/long#0"],
  ["b.a.example.com", "TLSRoute/default/short#0"],
  ["example.com", null],
  [".example.com", null],
  ["xexample.com", null],
  ["", null],
  [null, null],
])("server name %s is for %s: exact names, then the longest wildcard", (name, rule) => {
  const docs = [
    doc("short", ["*.example.com"]),
    doc("long", ["*.b.example.com"]),
    doc("exact", ["a.example.com"]),
  ];
  expect(ruleFor(docs, name)).toBe(rule);
  expect(ruleFor(docs.toReversed(), name)).toBe(rule);
});

test("of two routes with one name the first in the document wins", () => {
  const docs = [doc("old", ["a.b", "*.c"]), doc("new", ["a.b", "*.c", "new.c"])];
  expect(ruleFor(docs, "a.b")).toBe("TLSRoute/default/old#0");
  expect(ruleFor(docs, "x.c")).toBe("TLSRoute/default/old#0");
  expect(ruleFor(docs, "new.c")).toBe("TLSRoute/default/new#0");
});

test("weights are kept exactly, and the share of what cannot be sent to is nobody's", () => {
  const split: TlsRouteDoc = {
    ...doc("split", ["a.b"]),
    backends: [
      { backend: { service: "default/v1", port: 443 }, weight: 3, filters: [] },
      { backend: null, weight: 1, filters: [] },
    ],
  };
  const table = compileTlsRoutes([split], null);
  const picks = Array.from({ length: 8 }, () => table.match("a.b")!.backends.next());
  expect(picks.filter((one) => one === null)).toHaveLength(2);
  const empty = compileTlsRoutes([{ ...split, backends: [] }], null).match("a.b");
  expect(empty?.backends.next()).toBeNull();
});

test("what matches is what a look at each name in turn would choose", () => {
  const label = fc.constantFrom("a", "b", "c");
  const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
  const pattern = fc.tuple(fc.boolean(), host).map(([wild, name]) => (wild ? `*.${name}` : name));
  fc.assert(
    fc.property(
      fc.array(fc.array(pattern, { minLength: 1 }), { maxLength: 6 }),
      host,
      (all, name) => {
        const docs = all.map((hostnames, index) => doc(`r${index}`, hostnames));
        const rank = (one: string) => (one.startsWith("*.") ? one.length : 1000);
        const candidates = docs.flatMap(({ route, hostnames }, index) =>
          hostnames
            .filter((one) => matchesHostname(one, name))
            .map((one) => ({ route, rank: rank(one), index })),
        );
        const best = candidates.sort((a, b) => b.rank - a.rank || a.index - b.index)[0];
        expect(ruleFor(docs, name)).toBe(best === undefined ? null : `${best.route}#0`);
      },
    ),
    { seed: 9, numRuns: 500 },
  );
});
