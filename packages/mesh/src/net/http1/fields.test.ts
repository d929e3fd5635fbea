import { expect, test } from "vitest";
import type { Fields } from "../../model/head.ts";
import { PlainFields } from "../plain-head.ts";
import { Http1Fields } from "./fields.ts";
import { HeadReader } from "./head-reader.ts";
import { defaultHttp1Limits } from "./limits.ts";

function received(): Fields {
  const reader = new HeadReader("trailers", defaultHttp1Limits, null);
  const bytes = Buffer.from("A: 1\r\nb:2\r\nB: 3 \r\nC:\r\n\r\n", "latin1");
  reader.read(bytes, 0, bytes.length);
  const { table, tableLength } = reader.scanner;
  return new Http1Fields(reader.copyHead(), table.slice(0, tableLength));
}

function made(): Fields {
  return new PlainFields([
    ["a", "1"],
    ["b", "2"],
    ["b", "3"],
    ["c", ""],
  ]);
}

function list(fields: Fields): string {
  const found: string[] = [];
  fields.each((name, value) => found.push(`${name}=${value}`));
  return found.join(" ");
}

test.each([
  ["received", received],
  ["made", made],
])("%s fields are read and edited alike", (_title, make) => {
  const fields = make();
  expect(list(fields)).toBe("a=1 b=2 b=3 c=");
  expect([fields.get("a"), fields.get("b"), fields.get("c"), fields.get("d")]).toEqual([
    "1",
    "2",
    "",
    null,
  ]);
  fields.set("b", "4");
  expect(list(fields)).toBe("a=1 b=4 c=");
  fields.add("b", "5");
  expect(list(fields)).toBe("a=1 b=4 c= b=5");
  expect(fields.get("b")).toBe("4");
  fields.set("b", "6");
  expect(list(fields)).toBe("a=1 b=6 c=");
  fields.set("d", "7");
  fields.set("d", "8");
  expect(list(fields)).toBe("a=1 b=6 c= d=8");
  fields.remove("b");
  fields.remove("d");
  fields.remove("x");
  expect(list(fields)).toBe("a=1 c=");
  expect(fields.get("b")).toBe(null);
  fields.set("b", "9");
  expect(list(fields)).toBe("a=1 c= b=9");
});
