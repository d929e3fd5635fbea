import type { ContractDoc, OperationDoc } from "@heddle/mesh/model/document.ts";
import { toSpiffeId } from "@heddle/mesh/model/identity.ts";
import { carriedProtocols } from "@heddle/mesh/model/protocol.ts";
import { type Reason, reasons } from "@heddle/mesh/model/reason.ts";
import { type BodyCapture, ExchangeRecord } from "@heddle/mesh/telemetry/record.ts";
import fc from "fast-check";

/** An exchange of recommendation with kvs-1 that took 2 ms to its 200 and 1 ms more to its end, but for `changes`. */
export function exchangeRecord(changes: Partial<ExchangeRecord> = {}): ExchangeRecord {
  const { id = 1, direction = "outbound", startMs = 100 } = changes;
  const record = new ExchangeRecord(id, direction, startMs);
  return Object.assign(record, {
    service: "default/kvs",
    servicePort: 80,
    method: "GET",
    path: "/7",
    authority: "kvs",
    sourceAddress: "127.0.0.1:50000",
    sourceId: direction === "inbound" ? spiffeId("recommendation") : null,
    backend: "default/kvs",
    backendPort: 80,
    endpointUid: "u1",
    endpointName: "kvs-1",
    destinationAddress: "127.0.0.1:41307",
    destinationId: direction === "inbound" ? null : spiffeId("kvs"),
    tls: true,
    attempts: 1,
    status: 200,
    requestBytes: 0,
    replyBytes: 5,
    headMs: startMs + 2,
    endMs: startMs + 3,
    ...changes,
  });
}

/** Of a service account of namespace default. */
export function spiffeId(serviceAccount: string) {
  return toSpiffeId(`spiffe://heddle.local/ns/default/sa/${serviceAccount}`)!;
}

const put: OperationDoc = {
  name: "put",
  method: "PUT",
  path: [{ parameter: "k", type: "integer" }],
  query: [{ name: "ttl", parameter: "t", type: "integer" }],
  fields: [],
  body: { parameter: "v", type: "opaque" },
  gives: "opaque",
  ok: [200],
  refused: [],
  takes: ["k", "t", "v"],
  changes: true,
};
const get: OperationDoc = {
  ...put,
  name: "get",
  method: "GET",
  query: [],
  body: null,
  takes: ["k"],
  changes: false,
};

/** A Contract of the key-value store, whose values are recorded in clear. */
export const kvsContract: ContractDoc = {
  name: "default/kvs",
  operations: [put, get],
  key: "k",
  keyShare: 1,
  values: "clear",
  hashKey: "000102030405060708090a0b0c0d0e0f",
  valueBytesMax: 65_536,
  callerField: null,
};

/** `get(7)`, which gave `replyBody`. */
export function operationRecord({
  key = "7",
  replyBody = "a",
  contract = kvsContract,
  ...changes
}: Partial<ExchangeRecord> & {
  readonly key?: string;
  readonly replyBody?: string;
  readonly contract?: ContractDoc;
} = {}): ExchangeRecord {
  return exchangeRecord({
    operation: {
      contract,
      operation: get,
      parameters: { k: key },
      key,
      requestBody: null,
      replyBody: captured(new TextEncoder().encode(replyBody)),
    },
    ...changes,
  });
}

/** A body that came whole. */
export function captured(octets: Uint8Array): BodyCapture {
  return { octets, length: octets.length, isTooLong: false, isWhole: true };
}

const text = fc.string({ unit: "binary", maxLength: 40 });
const name = fc.constantFrom("default/kvs", "default/recommendation", "shop/cart");
const reason = fc.option(fc.constantFrom(...(Object.keys(reasons) as Reason[])));
const atMs = fc.double({ min: 0, max: 1e9, noNaN: true });
const never = fc.oneof(fc.constant(-1), atMs);
const place = fc.nat({ max: 2 ** 31 - 1 }).map((half) => half * 2 ** 20 + 1);
const body = fc.option(
  fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map(captured),
    fc.constantFrom<BodyCapture>(
      { octets: new Uint8Array(8), length: 8, isTooLong: true, isWhole: false },
      { octets: new Uint8Array(8), length: 3, isTooLong: false, isWhole: false },
    ),
  ),
);
const operation = fc.record({
  contract: fc.constant(kvsContract),
  operation: fc.constant(put),
  parameters: fc.record({ k: text, t: text }),
  key: text,
  requestBody: body,
  replyBody: body,
});

/** Any record a relay could make, and some that none would. */
export const arbitraryRecord: fc.Arbitrary<ExchangeRecord> = fc
  .record({
    id: place,
    direction: fc.constantFrom("inbound", "outbound", "gateway", "egress"),
    startMs: atMs,
    service: name,
    servicePort: fc.nat({ max: 65_535 }),
    method: fc.constantFrom("GET", "PUT", "M-SEARCH"),
    path: text,
    receivedPath: fc.option(text),
    authority: text,
    protocol: fc.constantFrom("", ...carriedProtocols),
    detected: fc.constantFrom("", "client spoke first", "server spoke first"),
    grpcStatus: fc.constantFrom(-1, 0, 13, 2 ** 31 - 1),
    sourceAddress: text,
    sourceId: fc.option(fc.constant(spiffeId("recommendation"))),
    sourceName: fc.option(text),
    route: fc.option(name),
    backend: fc.option(name),
    backendPort: fc.nat({ max: 65_535 }),
    endpointUid: fc.option(name),
    endpointName: fc.option(name),
    destinationAddress: text,
    destinationId: fc.option(fc.constant(spiffeId("kvs"))),
    tls: fc.boolean(),
    attempts: fc.nat({ max: 4 }),
    replayed: fc.boolean(),
    slot: fc.integer({ min: -1, max: 65_535 }),
    queueMs: atMs,
    status: fc.nat({ max: 599 }),
    reason,
    detail: text,
    origin: fc.constantFrom("app", "proxy"),
    requestBytes: place,
    replyBytes: place,
    headMs: never,
    endMs: atMs,
    frontConnection: text,
    frontOrdinal: fc.nat({ max: 2 ** 31 - 1 }).map((half) => half * 2 + 1),
    ownAddress: text,
    callerField: fc.option(text),
    receivedSeq: place,
    answeredSeq: place,
    connection: fc.option(text),
    ordinal: fc.nat({ max: 2 ** 31 - 1 }),
    localAddress: text,
    sentMs: never,
    sentSeq: place,
    replyMs: never,
    replySeq: place,
    attemptReason: reason,
    earlier: fc.constant(null),
    operation: fc.option(operation),
  })
  .map((fields) => Object.assign(new ExchangeRecord(fields.id, fields.direction, 0), fields));
