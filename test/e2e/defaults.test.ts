import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { limitsOf, numbersOf, readSources } from "../support/constants.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/defaults.md"), "utf8");
const sources = readSources();

interface Row {
  readonly name: string;
  readonly value: number;
  readonly file: string;
}

/** `| \`name\` | 61440 octets | … | \`net/http1/limits.ts\` |` */
const rows: readonly Row[] = [
  ...page.matchAll(/^\| `([\w-]+)` \| ([\d.]+)[^|]*\|.*\| `([\w/.-]+)` \|$/gm),
].map((match) => ({ name: match[1]!, value: Number(match[2]), file: match[3]! }));

const pathsOf = (file: string) =>
  [...sources.keys()].filter((path) => path === file || path.endsWith(`/${file}`));

test("docs/defaults.md says what the code says", () => {
  expect(rows.length).toBeGreaterThan(100);
  const wrong = rows.flatMap(({ name, value, file }) => {
    const found = pathsOf(file).flatMap((path) => numbersOf(name, sources.get(path)!));
    const says = `${file} ${name}: the page says ${value}, the code ${found.join(" and ") || "nothing"}`;
    return found.length > 0 && found.every((each) => each === value) ? [] : [says];
  });
  expect(wrong).toEqual([]);
});

test("docs/defaults.md leaves out no limit", () => {
  const named = new Set(
    rows.flatMap(({ name, file }) => pathsOf(file).map((path) => `${path} ${name}`)),
  );
  const missing = [...sources].flatMap(([path, source]) =>
    limitsOf(source)
      .map((name) => `${path} ${name}`)
      .filter((each) => !named.has(each)),
  );
  expect(missing).toEqual([]);
});

test("numbers are read however they are written", () => {
  expect(numbersOf("a", "const a = 24 * 3_600_000;")).toEqual([86_400_000]);
  expect(numbersOf("a", "export const a = 16 << 20;")).toEqual([16_777_216]);
  expect(numbersOf("a", "const x = { a: 1_000, b: 2 };")).toEqual([1000]);
  expect(numbersOf("b", "const x = { a: 1_000, b: 2 };")).toEqual([2]);
  expect(numbersOf("a", "a: defaulted(integer({ minimum: 0, maximum: 9 }), 10),\n")).toEqual([10]);
  expect(limitsOf("const waitMs = 5;\nconst other = 5;")).toEqual(["waitMs"]);
});
