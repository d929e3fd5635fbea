import type { CaseResult } from "../suite.ts";

/** The cases of a JUnit report of h2spec: `<package>/<number>: <title>`. */
export function readJunit(text: string): readonly CaseResult[] {
  const results: CaseResult[] = [];
  const numbers = new Map<string, number>();
  for (const [, attributes = "", inner = ""] of text.matchAll(
    /<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g,
  )) {
    const section = attributeOf(attributes, "package");
    const number = (numbers.get(section) ?? 0) + 1;
    numbers.set(section, number);
    const name = `${section}/${number}: ${attributeOf(attributes, "classname")}`;
    const isSkipped = /<skipped/.test(inner);
    const isFailed = /<(failure|error)/.test(inner);
    results.push({
      name,
      verdict: isSkipped ? "skipped" : isFailed ? "failed" : "passed",
      detail: isFailed ? oneLine(plainText(inner)) : isSkipped ? "skipped by h2spec" : "",
    });
  }
  return results;
}

function attributeOf(attributes: string, name: string): string {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
  return plainText(value);
}

function plainText(text: string): string {
  return text
    .replace(/<[^>]*>/g, " ")
    .replace(/&#x([0-9a-fA-F]+);/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    .replace(/&#(\d+);/g, (_, digits: string) => String.fromCharCode(Number(digits)))
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
}

function oneLine(text: string): string {
  return text.replace(/[\s\0]+/g, " ").trim();
}
