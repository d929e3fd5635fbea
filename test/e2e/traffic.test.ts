import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseSteps } from "../support/page.ts";
import { testManifests, testPage } from "../support/test-page.ts";

const root = join(import.meta.dirname, "..", "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

// Apart from the other pages: it is the longest, and files run side by side.
testManifests("docs/traffic.md", "shop", 8);
testPage("docs/traffic.md");

test("examples/shop/README.md shows commands of this page, which are run here, and names every manifest", () => {
  const page = "examples/shop/README.md";
  const run = parseSteps(read("docs/traffic.md")).map(({ command }) => command);
  const shown = parseSteps(read(page)).map(({ command }) => command);
  expect(shown.length).toBeGreaterThan(4);
  expect(shown.filter((command) => !run.includes(command))).toEqual([]);
  const manifests = readdirSync(join(root, "examples", "shop")).filter((name) =>
    name.endsWith(".yaml"),
  );
  expect(manifests.filter((name) => !read(page).includes(`(${name})`))).toEqual([]);
});
