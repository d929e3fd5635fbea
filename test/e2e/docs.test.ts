import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hasShape } from "../support/page.ts";
import { testManifests, testPage } from "../support/test-page.ts";

const root = join(import.meta.dirname, "..", "..");
/** All but traffic.md, which has a file of its own. */
const pages = readdirSync(join(root, "docs")).filter(
  (name) => name.endsWith(".md") && name !== "traffic.md",
);

for (const page of ["README.md", ...pages.map((name) => join("docs", name))]) testPage(page);
testManifests("docs/guide.md", "hello", 3);
testManifests("docs/protocols.md", "talk", 1);

describe("a shape", () => {
  test("allows other figures and other widths", () => {
    expect(hasShape("kvs   3/3   99.2%   1m12s\n", ["kvs 12/12 100.00% 3s"])).toBe(true);
    expect(hasShape("kvs 3/3 -\n", ["kvs 3/3 4.0rps"])).toBe(true);
  });
  test("does not allow other words, names, exit codes or lines", () => {
    expect(hasShape("kvs-1 ready\n", ["kvs-2 ready"])).toBe(false);
    expect(hasShape("v2 of hello\n", ["v1 of hello"])).toBe(false);
    expect(hasShape("exit 1\n", ["exit 65"])).toBe(false);
    expect(hasShape("one\ntwo\n", ["one"])).toBe(false);
  });
  test("elides where it says so", () => {
    expect(hasShape("one\ntwo\nthree\n", ["one", "…", "three"])).toBe(true);
    expect(hasShape("one\n", ["one", "…"])).toBe(true);
    expect(hasShape("one and more\n", ["one…"])).toBe(true);
  });
});
