import { kindHelp } from "@heddle/mesh/resource/help.ts";
import { findKindByWord, kinds } from "@heddle/mesh/resource/index.ts";
import { expect, test } from "vitest";
import { formatKind } from "./explain.ts";

const explained = (word: string) => {
  const kind = findKindByWord(word)!;
  return formatKind(kind, kindHelp[kind.title]!, 80);
};

test("a kind is told with its fields, what they may hold and mean, and an example", () => {
  const text = explained("placement");
  expect(text).toMatch(
    /^Placement {3}heddle.dev\/v1alpha1 {3}\(placements\)\nRequests with the same/,
  );
  expect(text).toMatch(
    /^ {6}pathSegment {3}integer 1 to 64\n {20}Of the path as the process sees it/m,
  );
  expect(text).toMatch(
    /^ {4}whenAway {6,}wait \| refuse \| move, default "wait"\n +While a key's/m,
  );
  expect(text).toMatch(/^ {4}targetRefs\[\] {4}required\n +Services/m);
  expect(text).toContain("\nExample\n  apiVersion: heddle.dev/v1alpha1\n  kind: Placement\n");
  expect(text).not.toContain("status");
});

test("an Event has fields and no example", () => {
  const text = explained("events");
  expect(text).toMatch(/^ {2}involvedObject +required$/m);
  expect(text).not.toContain("Example");
});

test("every kind has lines for 80 columns that end in no blank", () => {
  for (const { plural: name, group } of kinds) {
    const plural = group === "" ? name : `${name}.${group}`;
    expect(explained(plural)).not.toMatch(/ $/m);
    const long = explained(plural)
      .split("\n")
      .slice(1)
      .filter((line) => line.length > 80 && / /.test(line.trim()));
    expect([plural, long]).toEqual([plural, []]);
  }
});
