import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hasShape } from "../../../test/support/page.ts";

const page = readFileSync(join(import.meta.dirname, "README.md"), "utf8");

/** Does the page show these lines as what `npm run story -- <letter>` prints? Figures may differ. */
export function isAsShown(letter: string, lines: readonly string[]): boolean {
  return hasShape(`${lines.join("\n")}\n`, shownOf(letter));
}

/** What the page shows for a letter. The scenarios print commands themselves, so that only the first line is ours. */
export function shownOf(letter: string): readonly string[] {
  const start = `\`\`\`console\n$ npm run story -- ${letter}\n`;
  const [, after = ""] = page.split(start);
  return after.slice(0, after.indexOf("\n```")).split("\n");
}
