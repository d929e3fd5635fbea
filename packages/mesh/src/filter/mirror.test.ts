import * as v from "valibot";
import { expect, test } from "vitest";
import { PlainRequest } from "../../test/support/plain-head.ts";
import type { FilterDoc, MirrorDoc } from "../model/document.ts";
import { compileFilters, filterSchema, runRequestFilters } from "./index.ts";

const mirror = (service: string | null, numerator = 100, denominator = 100): MirrorDoc => ({
  type: "mirror",
  backend: service === null ? null : { service, port: 80 },
  share: { numerator, denominator },
});

test("mirrors are kept in order for the relay, and nothing else of the chain is there for them", () => {
  const docs = [mirror("default/a"), mirror("default/b", 1, 3)];
  expect(compileFilters(docs)).toEqual({ request: null, reply: null, mirrors: docs });
});

test("a mirror to nowhere, or of no share, is none", () => {
  expect(compileFilters([mirror(null), mirror("default/a", 0)])).toBeNull();
});

test("filters run in the order of the document until one answers", () => {
  const set = (value: string): FilterDoc => ({
    type: "request-headers",
    set: [{ name: "x", value }],
    add: [],
    remove: [],
  });
  const redirect: FilterDoc = {
    type: "redirect",
    scheme: null,
    hostname: null,
    port: null,
    path: null,
    status: 302,
  };
  const head = new PlainRequest("GET", "/");
  const chain = compileFilters([set("1"), set("2"), redirect, set("3")])!;
  expect(runRequestFilters(chain.request!, head, { port: 80 })?.status).toBe(302);
  expect(head.get("x")).toBe("2");
});

test.each([
  ["more than all", mirror("default/a", 2, 1)],
  ["a share of nothing", mirror("default/a", 0, 0)],
  ["half a request", mirror("default/a", 0.5, 1)],
  ["a service without a namespace", mirror("a")],
])("%s is refused", (_, doc) => {
  expect(v.safeParse(filterSchema, mirror("default/a", 1, 3)).success).toBe(true);
  expect(v.safeParse(filterSchema, doc).success).toBe(false);
});
