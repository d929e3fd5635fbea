import { describe, expect, test } from "vitest";
import { keyHash } from "../base/key-hash.ts";
import type { RequestHead } from "../model/head.ts";
import type { SpiffeId } from "../model/identity.ts";
import type { AffinityKeyDoc } from "../model/policy.ts";
import { Affinity } from "./affinity.ts";
import { slowStartWeight } from "./slow-start.ts";
import { Subset } from "./subset.ts";

const id = "spiffe://heddle/ns/default/sa/web" as SpiffeId;
const caller = { workloadUid: "w1", identity: id };

function head(fields: Readonly<Record<string, string>> = {}): RequestHead {
  return {
    method: "GET",
    path: "/users/a%62c?who=ann+b",
    authority: "kvs",
    upgrade: null,
    get: (name) => fields[name] ?? null,
    set() {},
    add() {},
    remove() {},
    each: (visit) => {
      for (const [name, value] of Object.entries(fields)) visit(name, value);
    },
  };
}

describe("the key of an affinity", () => {
  const request = head({ "x-user": "ann", cookie: 'a=1; user="bob"; user=eve' });

  test.each<[AffinityKeyDoc, string]>([
    [{ kind: "header", name: "x-user" }, "ann"],
    [{ kind: "cookie", name: "user" }, "bob"],
    [{ kind: "path-segment", index: 2 }, "abc"],
    [{ kind: "query", name: "who" }, "ann b"],
    [{ kind: "source" }, "w1"],
    [{ kind: "identity" }, id],
  ])("%o is %s", (key, text) => {
    expect(new Affinity({ keys: [key] }).hashOf(request, caller)).toBe(keyHash(text) >>> 1);
  });

  test("is the first that the request has", () => {
    const keys: readonly AffinityKeyDoc[] = [
      { kind: "cookie", name: "none" },
      { kind: "header", name: "x-user" },
      { kind: "source" },
    ];
    expect(new Affinity({ keys }).hashOf(request, caller)).toBe(keyHash("ann") >>> 1);
    expect(new Affinity({ keys }).hashOf(head(), caller)).toBe(keyHash("w1") >>> 1);
    const nobody = { workloadUid: null, identity: null };
    expect(new Affinity({ keys }).hashOf(head(), nobody)).toBe(-1);
  });
});

describe("a slow start", () => {
  test("grows evenly from a tenth to a whole", () => {
    const doc = { windowMs: 10_000, aggression: 1, weightMin: 0.1 };
    const weights = [0, 500, 1000, 5000, 9000, 10_000, 1e9].map((ms) => slowStartWeight(doc, ms));
    expect(weights).toEqual([0.1, 0.1, 0.1, 0.5, 0.9, 1, 1]);
  });

  test("grows faster at first with more aggression", () => {
    const doc = { windowMs: 10_000, aggression: 2, weightMin: 0.1 };
    expect(slowStartWeight(doc, 2500)).toBeCloseTo(0.5, 9);
  });
});

describe("a subset", () => {
  const subset = new Subset({
    labels: [
      { label: "stage", is: { value: "prod" } },
      { label: "version", is: { header: "x-version" } },
    ],
    fallback: "any",
  });

  test("has the endpoints whose labels are as said, by the request's header", () => {
    const key = subset.keyOf(head({ "x-version": "v2" }));
    expect(subset.has(key, { stage: "prod", version: "v2", other: "x" })).toBe(true);
    expect(subset.has(key, { stage: "prod", version: "v1" })).toBe(false);
    expect(subset.has(key, { version: "v2" })).toBe(false);
  });

  test("asks nothing of a label whose header is not there", () => {
    expect(subset.has(subset.keyOf(head()), { stage: "prod" })).toBe(true);
  });
});
