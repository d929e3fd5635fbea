import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { PlainRequest } from "../../test/support/plain-head.ts";
import type { RedirectDoc } from "../model/document.ts";
import { compileFilters, filterSchema, runRequestFilters } from "./index.ts";

const plain: RedirectDoc = {
  type: "redirect",
  scheme: null,
  hostname: null,
  port: null,
  path: null,
  status: 302,
};

interface Asked {
  readonly path?: string;
  readonly authority?: string;
  readonly port?: number;
}

function reply(doc: Partial<RedirectDoc>, asked: Asked = {}) {
  const head = new PlainRequest("GET", asked.path ?? "/a?b=c", [], asked.authority ?? "echo");
  const steps = compileFilters([{ ...plain, ...doc }])!.request!;
  return runRequestFilters(steps, head, { port: asked.port ?? 80 })!;
}

const location = (doc: Partial<RedirectDoc>, asked?: Asked) => {
  const [[name, value]] = reply(doc, asked).fields as [[string, string]];
  expect(name).toBe("location");
  return value;
};

describe("the port of a redirect", () => {
  // Gateway API, HTTPRequestRedirectFilter.port: explicit, else of the scheme, else the one addressed; 80 and 443 are not written.
  test.each<[Partial<RedirectDoc>, number, string]>([
    [{}, 80, "http://echo/a?b=c"],
    [{}, 8080, "http://echo:8080/a?b=c"],
    [{}, 443, "http://echo:443/a?b=c"],
    [{ scheme: "http" }, 8080, "http://echo/a?b=c"],
    [{ scheme: "https" }, 80, "https://echo/a?b=c"],
    [{ scheme: "https" }, 8080, "https://echo/a?b=c"],
    [{ scheme: "https", port: 80 }, 80, "https://echo:80/a?b=c"],
    [{ scheme: "https", port: 443 }, 80, "https://echo/a?b=c"],
    [{ scheme: "http", port: 443 }, 80, "http://echo:443/a?b=c"],
    [{ port: 8083 }, 80, "http://echo:8083/a?b=c"],
    [{ port: 80 }, 8080, "http://echo/a?b=c"],
    [{ hostname: "example.org" }, 8080, "http://example.org:8080/a?b=c"],
  ])("%j, addressed to %i → %s", (doc, port, expected) => {
    expect(location(doc, { port })).toBe(expected);
  });
});

test.each([
  ["echo:8080", "http://echo/"],
  ["[::1]:8080", "http://[::1]/"],
  ["[::1]", "http://[::1]/"],
  ["Echo.Default", "http://Echo.Default/"],
])("the host is what the request names, without its port: %s", (authority, expected) => {
  expect(location({}, { authority, path: "/" })).toBe(expected);
});

test("a client that names no host is told a path, and no other host by it", () => {
  expect(location({}, { authority: "", path: "//evil.example/a" })).toBe("/evil.example/a");
});

test.each<[RedirectDoc["path"], string, string]>([
  [{ replace: "full", value: "/new" }, "/old/x?q=1", "http://echo/new?q=1"],
  [{ replace: "prefix", from: "/old", value: "/new" }, "/old/x?q=1", "http://echo/new/x?q=1"],
  [{ replace: "prefix", from: "/old", value: "" }, "/old", "http://echo/"],
  [null, "*", "http://echo/"],
])("the path %j of %s is %s", (path, asked, expected) => {
  expect(location({ path }, { path: asked })).toBe(expected);
});

test.each([301, 302, 303, 307, 308] as const)("its status is as said: %i", (status) => {
  expect(reply({ status }).status).toBe(status);
});

test.each([
  ["another status", { status: 304 }],
  ["another scheme", { scheme: "ftp" }],
  ["a port beyond all", { port: 65_536 }],
  ["a host with a port", { hostname: "a:80" }],
  ["a path with a line break", { path: { replace: "full", value: "/a\r\nset-cookie: b" } }],
])("%s is refused", (_, wrong) => {
  expect(v.safeParse(filterSchema, plain).success).toBe(true);
  expect(v.safeParse(filterSchema, { ...plain, ...wrong }).success).toBe(false);
});
