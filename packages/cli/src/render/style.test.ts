import { expect, test } from "vitest";
import { buildStyle } from "./style.ts";

test("without colours words stay as they are", () => {
  const style = buildStyle(false);
  expect(style.good("a") + style.bad("b") + style.tint("c", 3)).toBe("abc");
});

test("a colour ends where its word does", () => {
  expect(buildStyle(true).bad("no")).toBe("\x1b[31mno\x1b[0m");
});
