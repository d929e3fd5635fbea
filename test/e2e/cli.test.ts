import { join } from "node:path";
import { expect, test } from "vitest";
import { renderCliPage } from "../support/cli-page.ts";

test("docs/cli.md says what the commands say", async () => {
  const page = join(import.meta.dirname, "../../docs/cli.md");
  await expect(await renderCliPage()).toMatchFileSnapshot(page);
});
