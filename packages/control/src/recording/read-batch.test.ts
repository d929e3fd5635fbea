import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import { parseRecordedBatch } from "@heddle/mesh/history/batch-codec.ts";
import type { RecordedExchange } from "@heddle/mesh/history/exchange.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { batch } from "./batches.fixture.ts";
import { isPlain, readBatch } from "./read-batch.ts";

/** One with everything in it. */
function full(): RecordedBatch {
  const [first, ...others] = batch(1, 3).exchanges;
  const attempt = {
    endpointUid: "u",
    endpoint: "kvs-1",
    target: "127.0.0.1:1",
    identity: null,
    connection: "c",
    ordinal: 1,
    own: "127.0.0.1:2",
    sentMs: 1.5,
    sentSeq: 1,
    replyMs: 2.5,
    replySeq: 2,
    reason: null,
  };
  const operation = {
    contract: "default/kvs",
    name: "put",
    parameters: { k: "7" },
    key: "7",
    requestBody: { hash: "0123" },
    replyBody: { text: "a" },
  };
  const rich: RecordedExchange = {
    ...first!,
    attempts: [attempt, attempt],
    operation,
    receivedPath: "/",
  };
  const gap = { fromMs: 0, toMs: 1, missing: -1, reason: "rate" } as const;
  return { ...batch(1, 3, { gaps: [gap] }), exchanges: [rich, ...others] };
}

/** Every place in a value, as the names that lead there. */
function placesIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, one]) => placesIn(one, [...path, key]))];
}

function spoil(root: unknown, [first, ...rest]: readonly string[], with_: unknown): unknown {
  if (first === undefined) return with_;
  const spoilt = Array.isArray(root) ? [...root] : { ...(root as object) };
  const at = spoilt as Record<string, unknown>;
  if (rest.length === 0 && with_ === undefined) delete at[first];
  else at[first] = spoil(at[first], rest, with_);
  return spoilt;
}

test("the usual batch passes without the schema, as it is", () => {
  const given = full();
  expect(isPlain(given)).toBe(true);
  expect(readBatch(given)).toBe(given);
  expect(parseRecordedBatch(given)).toEqual(given);
});

test("whatever is changed about it, what passes is what the schema passes, untouched", () => {
  const places = placesIn(full()).filter((path) => path.length > 0);
  const odd = fc.constantFrom<unknown>(
    ...[undefined, null, -1, 1.5, 2 ** 60, true, "", "x", "x".repeat(70_000), [], {}],
    ...[{ hash: "a", text: "b" }, { missing: "too-long" }, "no-route", "inbound", ["x"]],
  );
  const outcomes = { plain: 0, schema: 0, refused: 0 };
  fc.assert(
    fc.property(fc.constantFrom(...places), odd, fc.boolean(), (path, value, isExtra) => {
      const base = full();
      const changed = isExtra ? [...path.slice(0, -1), "unknown"] : path;
      // As it comes over the wire.
      const input = JSON.parse(JSON.stringify(spoil(base, changed, value)));
      const parsed = parseRecordedBatch(input);
      if (isPlain(input)) expect(parsed).toEqual(input);
      expect(readBatch(input)).toEqual(parsed);
      outcomes[isPlain(input) ? "plain" : typeof parsed === "string" ? "refused" : "schema"]++;
    }),
    { numRuns: 3_000, seed: 19 },
  );
  for (const [outcome, count] of Object.entries(outcomes))
    expect(count, outcome).toBeGreaterThan(50);
});
