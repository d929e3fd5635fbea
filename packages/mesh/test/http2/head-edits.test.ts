import { readRequestHead } from "@heddle/mesh/net/http2/read-request.ts";
import { expect, test } from "vitest";
import { fieldsOf, get, goodReply, goodRequest, headLimits, linesOf, webSocket } from "./heads.ts";

test("cookie crumbs are one field to whoever reads (RFC 9113 §8.2.3)", () => {
  const head = goodRequest([...get, "cookie a=1", "x 1", "cookie b=2", "cookie c=3"]);
  expect(head.get("cookie")).toBe("a=1; b=2; c=3");
  expect(linesOf(head)).toEqual(["host kvs", "cookie a=1; b=2; c=3", "x 1"]);
  for (const crumbs of [
    ["", "a=1", "", "b=2"],
    ["a=1", "", "b=2", ""],
  ]) {
    const some = goodRequest([...get, ...crumbs.map((crumb) => `cookie ${crumb}`.trimEnd())]);
    expect(some.get("cookie")).toBe("a=1; b=2");
  }
  head.set("cookie", "d=4");
  expect(linesOf(head)).toEqual(["host kvs", "cookie d=4", "x 1"]);
  head.remove("cookie");
  expect(head.get("cookie")).toBe(null);
});

test("edits show in the place of what they replace", () => {
  const head = goodRequest([...get, "a 1", "b 2", "a 3", "c 4"]);
  head.method = "PUT";
  head.path = "/b";
  head.authority = "other:80";
  head.set("a", "5");
  head.set("e", "7");
  head.remove("b");
  head.remove("absent");
  head.add("d", "6");
  expect(head).toMatchObject({ method: "PUT", path: "/b", authority: "other:80" });
  expect(linesOf(head)).toEqual(["host other:80", "a 5", "c 4", "e 7", "d 6"]);
  expect([head.get("a"), head.get("b"), head.get("d")]).toEqual(["5", null, "6"]);
});

test("host is the authority", () => {
  const head = goodRequest(get);
  expect(head.get("host")).toBe("kvs");
  head.set("host", "other");
  expect(head.authority).toBe("other");
  head.remove("host");
  expect(linesOf(head)).toEqual(["host other"]);
});

test("an edit spoils no field that other heads hold, nor the list that was read", () => {
  const fields = fieldsOf([...get, "a 1", "cookie b=2"]);
  const before = fields.map(({ name, value }) => [name, value]);
  const read = () => {
    const head = readRequestHead(fields, true, headLimits);
    if ("reason" in head) throw new Error(head.detail);
    return head;
  };
  const head = read();
  head.set("a", "2");
  head.set("cookie", "c=3");
  head.path = "/other";
  head.method = "PUT";
  head.authority = "other";
  head.remove("a");
  head.add("a", "4");
  expect(fields.map(({ name, value }) => [name, value])).toEqual(before);
  expect(linesOf(read())).toEqual(["host kvs", "a 1", "cookie b=2"]);
});

test("what was sensitive is so under its new value", () => {
  const fields = fieldsOf([...get, "token 1"]);
  const sensitive = Object.assign(fields.pop()!, { isSensitive: true });
  const head = readRequestHead([...fields, sensitive], true, headLimits);
  if ("reason" in head) throw new Error(head.detail);
  head.set("token", "2");
  expect(head.fields.map(({ value, isSensitive }) => [value, isSensitive])).toEqual([["2", true]]);
});

test("a status may be changed, a wish for another protocol taken back", () => {
  const reply = goodReply([":status 200", "a 1"]);
  reply.status = 404;
  expect(reply).toMatchObject({ status: 404, statusField: { name: ":status", value: "404" } });
  const request = goodRequest(webSocket, false);
  request.upgrade = null;
  expect(request).toMatchObject({ method: "GET", upgrade: null });
});
