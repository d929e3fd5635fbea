import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import { batchExchangesMax, parseRecordedBatch } from "@heddle/mesh/history/batch-codec.ts";
import { reasons } from "@heddle/mesh/model/reason.ts";

type Check = (value: unknown) => boolean;

/**
 * A batch that came over the wire; a sentence: what is wrong with it. Each exchange is looked at, thousands a second, so that
 * the usual one, exactly of the form, is passed by plain comparisons (1 µs); whatever is not goes to the schema (15 µs),
 * which says why or takes out what it does not know.
 */
export function readBatch(input: unknown): RecordedBatch | string {
  return isBatch(input) ? (input as RecordedBatch) : parseRecordedBatch(input);
}

const isNumber: Check = (value) => typeof value === "number" && Number.isFinite(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isBoundedText = (lengthMax: number): Check => {
  return (value) => typeof value === "string" && value.length <= lengthMax;
};
const isNull: Check = (value) => value === null;
const either = (...checks: readonly Check[]): Check => {
  return (value) => checks.some((check) => check(value));
};
const oneOf = (...values: readonly string[]): Check => {
  const known: ReadonlySet<unknown> = new Set(values);
  return (value) => known.has(value);
};

/** Has these fields, and of `optional` some, and no other. */
function shape(
  fields: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>> = {},
): Check {
  const entries = Object.entries(fields);
  const others = Object.entries(optional);
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    const given = value as Readonly<Record<string, unknown>>;
    let count = Object.keys(given).length - entries.length;
    for (const [name, check] of entries) if (!check(given[name])) return false;
    for (const [name, check] of others) {
      if (!Object.hasOwn(given, name)) continue;
      if (!check(given[name])) return false;
      count--;
    }
    return count === 0;
  };
}

function listOf(check: Check, lengthMax: number): Check {
  return (value) => Array.isArray(value) && value.length <= lengthMax && value.every(check);
}

const name = isBoundedText(512);
const text = isBoundedText(65_536);
const nameOrNull = either(isNull, name);
const textOrNull = either(isNull, text);
const identity = either(isNull, isBoundedText(2048));
const reason = either(isNull, oneOf(...Object.keys(reasons)));
const value = either(
  isNull,
  shape({ hash: name }),
  shape({ text: isBoundedText(16 << 20) }),
  shape({ missing: oneOf("too-long", "not-whole", "overflow") }),
);

const attempt = shape({
  endpointUid: name,
  endpoint: name,
  target: name,
  identity,
  connection: nameOrNull,
  ordinal: isCount,
  own: name,
  sentMs: isNumber,
  sentSeq: isCount,
  replyMs: isNumber,
  replySeq: isCount,
  reason,
});

const parameters: Check = (given) =>
  typeof given === "object" &&
  given !== null &&
  !Array.isArray(given) &&
  Object.entries(given).every(([key, one]) => key !== "__proto__" && name(key) && text(one));

const operation = either(
  isNull,
  shape({
    contract: name,
    name,
    parameters,
    key: text,
    requestBody: value,
    replyBody: value,
  }),
);

const exchange = shape(
  {
    id: isCount,
    direction: oneOf("inbound", "outbound", "gateway", "egress"),
    service: name,
    servicePort: isCount,
    backend: nameOrNull,
    backendPort: isCount,
    method: name,
    path: name,
    authority: name,
    front: shape({
      connection: name,
      ordinal: isCount,
      source: name,
      own: name,
      peer: identity,
      caller: nameOrNull,
      callerField: textOrNull,
    }),
    attempts: listOf(attempt, 100),
    route: either(isNull, isBoundedText(1000)),
    status: isCount,
    reason,
    detail: name,
    origin: oneOf("app", "proxy"),
    startMs: isNumber,
    headMs: isNumber,
    endMs: isNumber,
    receivedSeq: isCount,
    answeredSeq: isCount,
    operation,
  },
  { receivedPath: name },
);

const gap = shape({
  fromMs: isNumber,
  toMs: isNumber,
  missing: (missing) => missing === -1 || isCount(missing),
  reason: oneOf("overflow", "rate", "off", "restart", "lost", "evicted"),
});

const isBatch = shape({
  workload: shape({ uid: name, name, namespace: name }),
  life: name,
  sinceMs: isNumber,
  boot: name,
  wallOffsetMs: isNumber,
  store: oneOf("whole", "sampled"),
  from: isCount,
  exchanges: listOf(exchange, batchExchangesMax),
  gaps: listOf(gap, 1000),
  sampledShare: (share) => isNumber(share) && (share as number) >= 0 && (share as number) <= 1,
});

/** For tests: does it pass without the schema? */
export function isPlain(input: unknown): boolean {
  return isBatch(input);
}
