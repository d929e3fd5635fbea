import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RequestHead } from "../model/head.ts";
import type { SessionDoc } from "../model/policy.ts";
import { SessionTokens } from "./session.ts";

const cookie: SessionDoc = {
  in: { kind: "cookie", name: "shop", path: "/", permanent: false },
  absoluteTimeoutMs: null,
};
const header: SessionDoc = { in: { kind: "header", name: "x-session" }, absoluteTimeoutMs: 60_000 };
const endpoint = { service: "default/kvs", port: 80, uid: "kvs-0-abc" };
const nowMs = 1_800_000_000_000;

function head(...fields: readonly (readonly [string, string])[]): RequestHead {
  return {
    method: "GET",
    path: "/",
    authority: "kvs",
    upgrade: null,
    get: (name) => fields.find(([field]) => field === name)?.[1] ?? null,
    set() {},
    add() {},
    remove() {},
    each: (visit) => {
      for (const [name, value] of fields) visit(name, value);
    },
  };
}

/** What the client brings back of a `set-cookie`. */
const pairOf = (value: string) => value.slice(0, value.indexOf(";"));

describe("a session in a cookie", () => {
  const tokens = new SessionTokens(cookie, "HTTPRoute/default/r#0");
  const [name, value] = tokens.write(endpoint, nowMs, true);

  test("lasts as long as the client, for this path and TLS alone, out of scripts' reach", () => {
    expect(name).toBe("set-cookie");
    expect(value).toMatch(/^shop=[\w-]+; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
  });

  test("is sent without TLS where it was given without", () => {
    expect(tokens.write(endpoint, nowMs, false)[1]).not.toContain("Secure");
  });

  test("comes back as what it was, with the time it was given", () => {
    const brought = head(["cookie", `a=b; ${pairOf(value)}; c=d`]);
    expect(tokens.read(brought, nowMs + 5000)).toEqual({ ...endpoint, issuedS: nowMs / 1000 });
  });

  test("of several the first that is one counts, in one field or many", () => {
    const pair = pairOf(value);
    expect(tokens.read(head(["cookie", `shop=old; ${pair}`]), nowMs)?.uid).toBe(endpoint.uid);
    const crumbs = head(["cookie", "shop=old"], ["x", "y"], ["cookie", pair]);
    expect(tokens.read(crumbs, nowMs)?.uid).toBe(endpoint.uid);
    expect(tokens.read(head(["cookie", `x${pair}`]), nowMs)).toBeNull();
  });

  test("shows nothing of what it holds", () => {
    expect(value).not.toContain("kvs");
    expect(atob(pairOf(value).slice(5).replaceAll("-", "+").replaceAll("_", "/"))).not.toContain(
      "kvs",
    );
  });

  test("is nothing to another rule of the same service", () => {
    const other = new SessionTokens(cookie, "HTTPRoute/default/r#1");
    expect(other.read(head(["cookie", pairOf(value)]), nowMs)).toBeNull();
  });

  test("permanent: it outlives the client, for as long as it lasts", () => {
    const doc: SessionDoc = {
      in: { kind: "cookie", name: "shop", path: "/cart", permanent: true },
      absoluteTimeoutMs: 90_500,
    };
    const [, said] = new SessionTokens(doc, "r").write(endpoint, nowMs, false);
    expect(said).toMatch(/; Path=\/cart; Max-Age=91; HttpOnly; SameSite=Strict$/);
  });
});

describe("a session in a header", () => {
  const tokens = new SessionTokens(header, "r");

  test("ends when its time is over, by the clock of its issue", () => {
    const [name, token] = tokens.write(endpoint, nowMs, false);
    const brought = head([name, token]);
    expect(tokens.read(brought, nowMs + 59_999)?.uid).toBe(endpoint.uid);
    expect(tokens.read(brought, nowMs + 60_000)).toBeNull();
  });

  test.each(["", "x", "====", "a".repeat(600), "é", "AAAA", "../.."])("%j is none", (text) => {
    expect(tokens.read(head(["x-session", text]), nowMs)).toBeNull();
  });

  test("no token with a changed character is one", () => {
    const [, token] = tokens.write(endpoint, nowMs, false);
    const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    fc.assert(
      fc.property(fc.nat(token.length - 2), fc.constantFrom(...characters), (at, character) => {
        fc.pre(token[at] !== character);
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        expect(tokens.read(head(["x-session", changed]), nowMs)).toBeNull();
      }),
      { numRuns: 300, seed: 1 },
    );
  });
});
