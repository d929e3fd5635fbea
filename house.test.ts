import { describe, expect, test } from "vitest";
import type { Finding } from "./tools/house/finding.ts";
import { inspect } from "./tools/house/inspect.ts";
import { readHouse, type SourceFile } from "./tools/house/read.ts";

const house = await readHouse(import.meta.dirname);

test("the house stands as planned", () => {
  expect(inspect(house).map(say)).toEqual([]);
});

describe("the inspection finds what was planted", () => {
  const planted: readonly [claim: string, file: SourceFile, rule: string][] = [
    ["an upward import", at("mesh/src/route/x.ts", 'import "../relay/relay.ts";'), "layering"],
    [
      "a package that reaches up",
      at("mesh/src/relay/x.ts", 'import "@heddle/control/main.ts";'),
      "layering",
    ],
    [
      "a supervisor that knows the control plane",
      at("control/src/host/x.ts", 'import "../store/store.ts";'),
      "layering",
    ],
    [
      "a checker that reads the enforcer",
      at("mesh/src/check/x.ts", 'import "../route/match.ts";'),
      "layering",
    ],
    [
      "a checker that reads what was compiled",
      at("mesh/src/check/x.ts", 'import "../resource/compile/all.ts";'),
      "layering",
    ],
    ["node:* on the first floor", at("mesh/src/model/x.ts", 'import "node:fs";'), "pure floors"],
    ["a library on the data path", at("mesh/src/relay/x.ts", 'import "pino";'), "dependencies"],
    ["the wall clock", at("mesh/src/relay/x.ts", "export const now = () => Date.now();"), "bans"],
    ["chance", at("control/src/watch/x.ts", "export const f = () => Math.random();"), "bans"],
    ["a timer", at("mesh/src/upstream/x.ts", "export const f = () => setTimeout(f, 1);"), "bans"],
    ["node:http on the data path", at("mesh/src/relay/x.ts", 'import "node:http";'), "bans"],
    [
      "module-level state",
      at("mesh/src/relay/x.ts", "let count = 0;\nexport const f = () => count++;"),
      "module state",
    ],
    [
      "a module-level map",
      at("mesh/src/relay/x.ts", "const seen = new Map();\nexport const f = () => seen;"),
      "module state",
    ],
    ["a file in no room", at("mesh/src/attic/x.ts", "export const a = 1;"), "rooms"],
    ["a dead file", at("mesh/src/relay/nobody-imports-me.ts", "export const a = 1;"), "dead files"],
    [
      "a promise to do it another day",
      at("mesh/src/relay/x.ts", "// TO" + "DO: handle resets"),
      "words",
    ],
  ];
  test.each(planted)("%s", (_claim, file, rule) => {
    const findings = inspect({ ...house, files: [file], pages: [] });
    expect(
      findings.filter((finding) => finding.rule === rule && finding.path === file.path),
    ).not.toEqual([]);
  });

  test("a cycle", () => {
    const files = [
      at("mesh/src/relay/x.ts", 'import "./y.ts";'),
      at("mesh/src/relay/y.ts", 'import "./x.ts";'),
    ];
    const findings = inspect({ ...house, files, pages: [] });
    expect(findings.some((finding) => finding.rule === "cycles")).toBe(true);
  });

  test("a reason without a page", () => {
    const pages = house.pages.filter((page) => page.path !== "docs/reasons/no-route.md");
    expect(inspect({ ...house, files: [], pages }).map((finding) => finding.rule)).toContain(
      "reasons",
    );
  });

  test("a broken link", () => {
    const page = { path: "docs/x.md", text: "[there](nowhere.md)" };
    const findings = inspect({ ...house, files: [], pages: [page] });
    expect(findings.map((finding) => finding.rule)).toContain("links");
  });
});

function at(path: string, text: string): SourceFile {
  return { path: `packages/${path}`, text };
}

function say(finding: Finding): string {
  return `${finding.path}: ${finding.rule}: ${finding.message}`;
}
