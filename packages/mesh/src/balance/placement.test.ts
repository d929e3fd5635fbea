import { describe, expect, test } from "vitest";
import { keyHash } from "../base/key-hash.ts";
import type { PlacementKeyDoc } from "../model/document.ts";
import type { RequestHead } from "../model/head.ts";
import { Placement, slotOwner } from "./placement.ts";

const nobody = { workloadUid: null, identity: null };

function head(path: string, fields: Record<string, string> = {}): RequestHead {
  return {
    method: "GET",
    path,
    authority: "kvs",
    upgrade: null,
    get: (name) => fields[name] ?? null,
    set() {},
    add() {},
    remove() {},
    each() {},
  };
}

function placement(from: PlacementKeyDoc["from"], type: PlacementKeyDoc["type"] = "text") {
  return new Placement({ name: "p", key: { from, type }, slots: 1024, whenAway: "wait" });
}

describe("an integer in the first path segment", () => {
  const byKey = placement({ kind: "path-segment", index: 1 }, "integer");

  test.each(["/7", "/007", "/%37", "//7", "/7/", "/7?x=8", "/%30%307", "///0007//more"])(
    "%s is key 7",
    (path) => {
      expect(byKey.keyOf(head(path), nobody)).toBe("7");
      expect(byKey.slotOf(head(path), nobody)).toBe(keyHash("7") % 1024);
    },
  );

  test.each(["/", "//", "", "/a", "/7a", "/7%2F8", "/?7", "*", "/%", "/%zz", "/-", "/7.0", "/+7"])(
    "%j has none, and any process may answer",
    (path) => {
      expect(byKey.keyOf(head(path), nobody)).toBeNull();
      expect(byKey.slotOf(head(path), nobody)).toBe(-1);
    },
  );

  test.each([
    ["/0", "0"],
    ["/000", "0"],
    ["/-0", "0"],
    ["/-07", "-7"],
    ["/18446744073709551617", "18446744073709551617"],
  ])("%s is key %s", (path, key) => {
    expect(byKey.keyOf(head(path), nobody)).toBe(key);
  });

  test("a long run of zeros takes linear time", () => {
    expect(byKey.keyOf(head(`/${"0".repeat(200_000)}x`), nobody)).toBeNull();
    expect(byKey.keyOf(head(`/${"0".repeat(200_000)}`), nobody)).toBe("0");
  });
});

describe("a text key", () => {
  test("from a later segment, decoded", () => {
    const byUser = placement({ kind: "path-segment", index: 2 });
    expect(byUser.keyOf(head("/users/a%62c/x"), nobody)).toBe("abc");
    expect(byUser.keyOf(head("/users"), nobody)).toBeNull();
  });

  test("from a header", () => {
    const byHeader = placement({ kind: "header", name: "x-user" });
    expect(byHeader.keyOf(head("/", { "x-user": "ann" }), nobody)).toBe("ann");
    expect(byHeader.keyOf(head("/"), nobody)).toBeNull();
  });

  test.each([
    ["/a?user=ann&user=bob", "ann"],
    ["/a?x=1&us%65r=a+b%2B", "a b+"],
    ["/a?user", ""],
    ["/a?xuser=1", null],
    ["/a", null],
    ["/user=1", null],
  ])("from the query of %s: %j", (path, key) => {
    expect(placement({ kind: "query", name: "user" }).keyOf(head(path), nobody)).toBe(key);
  });

  test("from who asks", () => {
    const caller = { workloadUid: "w1", identity: null };
    expect(placement({ kind: "source" }).keyOf(head("/"), caller)).toBe("w1");
    expect(placement({ kind: "identity" }).keyOf(head("/"), caller)).toBeNull();
  });
});

test.each([
  ["", 0],
  ["test", 0xba6bd213],
  ["Hello, world!", 0xc0363e43],
  ["The quick brown fox jumps over the lazy dog", 0x2e4ff723],
])("the hash of %j is MurmurHash3 x86_32's", (text, hash) => {
  expect(keyHash(text)).toBe(hash);
});

test("the slots of keys 0 to 9 among 1024 never change", () => {
  const slots = Array.from({ length: 10 }, (_, key) => keyHash(String(key)) % 1024);
  expect(slots).toEqual([127, 147, 535, 436, 136, 484, 192, 552, 23, 673]);
});

test("a slot's owner is who the assignment says, or nobody", () => {
  const slots = { assignmentEpoch: 1, owners: ["a", "b"], assignment: [0, 1, 1, -1] };
  expect([0, 1, 2, 3, 4].map((slot) => slotOwner(slots, slot))).toEqual([
    "a",
    "b",
    "b",
    null,
    null,
  ]);
});
