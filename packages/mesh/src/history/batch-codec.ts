import * as v from "valibot";
import type { SpiffeId } from "../model/identity.ts";
import { carriedProtocols } from "../model/protocol.ts";
import type { Reason } from "../model/reason.ts";
import { reasons } from "../model/reason.ts";
import type { Gap, ProcessStart, RecordedBatch, RecordedLine } from "./batch.ts";
import {
  directions,
  type RecordedAttempt,
  type RecordedExchange,
  type RecordedValue,
} from "./exchange.ts";

/** Exchanges of one batch. */
export const batchExchangesMax = 5000;

/** Judges a batch that came over the wire; a sentence: what is wrong with it. */
export function parseRecordedBatch(input: unknown): RecordedBatch | string {
  return parsed(v.safeParse(batchSchema, input));
}

/** Judges a line of what was recorded, from the API or from a proxy's admin socket. */
export function parseRecordedLine(input: unknown): RecordedLine | string {
  return parsed(v.safeParse(lineSchema, input));
}

function parsed<T>(result: v.SafeParseResult<v.GenericSchema<unknown, T>>): T | string {
  if (result.success) return result.output;
  const [issue] = result.issues;
  return `${v.getDotPath(issue) ?? "batch"}: ${issue.message}`;
}

const ms = v.pipe(v.number(), v.finite());
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const name = v.pipe(v.string(), v.maxLength(512));
const texts = v.pipe(v.string(), v.maxLength(65_536));
/** The proxy has parsed it: here its length alone is judged. */
const identity = v.nullable(
  v.pipe(
    v.string(),
    v.maxLength(2048),
    v.transform((text) => text as SpiffeId),
  ),
);
const reason = v.nullable(v.picklist(Object.keys(reasons) as [Reason, ...Reason[]]));
const workload = v.object({ uid: name, name, namespace: name });

const value: v.GenericSchema<unknown, RecordedValue> = v.union([
  v.object({ text: v.pipe(v.string(), v.maxLength(16 << 20)) }),
  v.object({ hash: name }),
  v.object({ missing: v.picklist(["too-long", "not-whole", "overflow"]) }),
]);

const attempt: v.GenericSchema<unknown, RecordedAttempt> = v.object({
  endpointUid: name,
  endpoint: name,
  target: name,
  identity,
  connection: v.nullable(name),
  ordinal: count,
  own: name,
  sentMs: ms,
  sentSeq: count,
  replyMs: ms,
  replySeq: count,
  reason,
});

const exchange: v.GenericSchema<unknown, RecordedExchange> = v.object({
  id: count,
  direction: v.picklist(directions),
  service: name,
  servicePort: count,
  backend: v.nullable(name),
  backendPort: count,
  method: name,
  path: name,
  receivedPath: v.exactOptional(name),
  authority: name,
  protocol: v.exactOptional(v.picklist(carriedProtocols)),
  detected: v.exactOptional(name),
  grpcStatus: v.exactOptional(count),
  front: v.object({
    connection: name,
    ordinal: count,
    source: name,
    own: name,
    peer: identity,
    caller: v.nullable(name),
    callerField: v.nullable(texts),
  }),
  attempts: v.pipe(v.array(attempt), v.maxLength(100)),
  route: v.nullable(v.pipe(v.string(), v.maxLength(1000))),
  status: count,
  reason,
  detail: name,
  origin: v.picklist(["app", "proxy"]),
  startMs: ms,
  headMs: ms,
  endMs: ms,
  receivedSeq: count,
  answeredSeq: count,
  operation: v.nullable(
    v.object({
      contract: name,
      name,
      parameters: v.record(name, texts),
      key: texts,
      requestBody: v.nullable(value),
      replyBody: v.nullable(value),
    }),
  ),
});

const gap: v.GenericSchema<unknown, Gap> = v.object({
  fromMs: ms,
  toMs: ms,
  missing: v.pipe(v.number(), v.safeInteger(), v.minValue(-1)),
  reason: v.picklist(["overflow", "rate", "off", "restart", "lost", "evicted"]),
});

/** All of a batch but its exchanges. */
export const batchHeader = {
  workload,
  life: name,
  sinceMs: ms,
  boot: name,
  wallOffsetMs: ms,
  store: v.picklist(["whole", "sampled"]),
  from: count,
  gaps: v.pipe(v.array(gap), v.maxLength(1000)),
  sampledShare: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
};

const batchSchema: v.GenericSchema<unknown, RecordedBatch> = v.object({
  ...batchHeader,
  exchanges: v.pipe(v.array(exchange), v.maxLength(batchExchangesMax)),
});

const startSchema: v.GenericSchema<unknown, ProcessStart> = v.object({
  workload,
  atMs: ms,
  boot: name,
  wallMs: ms,
  restarts: count,
});

const lineSchema: v.GenericSchema<unknown, RecordedLine> = v.union([
  v.object({ batch: batchSchema }),
  v.object({ start: startSchema }),
  v.object({ complete: v.object({ whole: ms, sampled: ms, boot: name }) }),
]);
