import * as v from "valibot";
import { fromBase64 } from "../base/base64.ts";
import type { SpiffeId } from "../model/identity.ts";
import { carriedProtocols } from "../model/protocol.ts";
import { isReason, type Reason } from "../model/reason.ts";
import type { RecordedBatch } from "./batch.ts";
import { batchExchangesMax, batchHeader } from "./batch-codec.ts";
import {
  directions,
  type RecordedAttempt,
  type RecordedExchange,
  type RecordedOperation,
  type RecordedValue,
} from "./exchange.ts";
import {
  BY_PROXY,
  CARRIED_MASK,
  HAS_CALLER_FIELD,
  HAS_CARRIED,
  HAS_DETECTED,
  HAS_GRPC,
  HAS_OPERATION,
  HAS_RECEIVED_PATH,
  valueTags,
} from "./packed-batch.ts";
import { Malformed, PackedReader } from "./packed-reader.ts";

/** Judges a packed batch that came over the wire, and unpacks it; a sentence: what is wrong with it, and where. */
export function unpackBatch(input: unknown): RecordedBatch | string {
  const found = v.safeParse(packedSchema, input);
  if (!found.success) {
    const [issue] = found.issues;
    return `${v.getDotPath(issue) ?? "batch"}: ${issue.message}`;
  }
  const { count, strings, packed, ...header } = found.output;
  const octets = fromBase64(packed);
  if (octets === null) return "packed: no base64";
  return unpackExchanges(header, { count, strings, octets });
}

/** The same of what lies on a disk, whose header was judged when it came. @param packed with its octets as characters */
export function unpackExchanges(
  header: Omit<RecordedBatch, "exchanges">,
  packed: { readonly count: number; readonly strings: readonly string[]; readonly octets: string },
): RecordedBatch | string {
  const reader = new PackedReader(packed.octets, packed.strings);
  const exchanges: RecordedExchange[] = [];
  try {
    for (let index = 0; index < packed.count; index++) exchanges.push(unpackExchange(reader));
  } catch (thrown) {
    if (thrown instanceof Malformed) return thrown.message;
    throw thrown;
  }
  if (!reader.isAtEnd) return "packed: more than its exchanges";
  return { ...header, exchanges };
}

const NAME = 512;
const TEXT = 65_536;
const IDENTITY = 2048;
const ROUTE = 1000;
const VALUE = 16 << 20;
const ATTEMPTS = 100;
/** gRPC has 17; a process may say any number. */
const GRPC = 0x7fff_ffff;
/** A head holds no more. */
const PARAMETERS = 1000;

const packedSchema = v.object({
  ...batchHeader,
  count: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(batchExchangesMax)),
  strings: v.array(v.pipe(v.string(), v.maxLength(IDENTITY))),
  packed: v.string(),
});

function unpackExchange(reader: PackedReader): RecordedExchange {
  reader.begin();
  const { id, startMs, receivedSeq } = reader;
  const bits = reader.whole("direction", 127);
  const carried = bits & HAS_CARRIED ? unpackCarried(reader) : {};
  const status = reader.whole("status");
  const reason = reasonOf(reader, "reason");
  const service = reader.place("service", NAME);
  const servicePort = reader.whole("servicePort");
  const backend = reader.placeOrNone("backend", NAME);
  const backendPort = reader.whole("backendPort");
  const route = reader.placeOrNone("route", ROUTE);
  const path = reader.text("path", NAME);
  const receivedPath = bits & HAS_RECEIVED_PATH ? reader.text("receivedPath", NAME) : null;
  const authority = reader.text("authority", NAME);
  const detail = reader.text("detail", NAME);
  const method = reader.text("method", NAME);
  const callerField = bits & HAS_CALLER_FIELD ? reader.text("front.callerField", TEXT) : null;
  const front = {
    connection: reader.place("front.connection", NAME),
    ordinal: reader.whole("front.ordinal"),
    source: reader.place("front.source", NAME),
    own: reader.place("front.own", NAME),
    peer: reader.placeOrNone("front.peer", IDENTITY) as SpiffeId | null,
    caller: reader.placeOrNone("front.caller", NAME),
    callerField,
  };
  const headMs = reader.time("headMs");
  const endMs = reader.time("endMs");
  const answeredSeq = reader.number("answeredSeq");
  const attempts: RecordedAttempt[] = [];
  for (let left = reader.whole("attempts", ATTEMPTS); left > 0; left--) {
    attempts.push(unpackAttempt(reader));
  }
  return {
    id,
    direction: directions[bits & 3]!,
    service: service as RecordedExchange["service"],
    servicePort,
    backend: backend as RecordedExchange["backend"],
    backendPort,
    method,
    path,
    ...(receivedPath !== null && { receivedPath }),
    authority,
    ...carried,
    front,
    attempts,
    route,
    status,
    reason,
    detail,
    origin: bits & BY_PROXY ? "proxy" : "app",
    startMs,
    headMs,
    endMs,
    receivedSeq,
    answeredSeq,
    operation: bits & HAS_OPERATION ? unpackOperation(reader) : null,
  };
}

function unpackCarried(
  reader: PackedReader,
): Pick<RecordedExchange, "protocol" | "detected" | "grpcStatus"> {
  const bits = reader.whole("protocol", CARRIED_MASK | HAS_DETECTED | HAS_GRPC);
  const number = bits & CARRIED_MASK;
  if (number > carriedProtocols.length) reader.fail("protocol", "none that is known");
  return {
    ...(number > 0 && { protocol: carriedProtocols[number - 1]! }),
    ...(bits & HAS_DETECTED && { detected: reader.place("detected", NAME) }),
    ...(bits & HAS_GRPC && { grpcStatus: reader.whole("grpcStatus", GRPC) }),
  };
}

function unpackAttempt(reader: PackedReader): RecordedAttempt {
  return {
    endpointUid: reader.place("attempts.endpointUid", NAME),
    endpoint: reader.place("attempts.endpoint", NAME),
    target: reader.place("attempts.target", NAME),
    identity: reader.placeOrNone("attempts.identity", IDENTITY) as SpiffeId | null,
    connection: reader.placeOrNone("attempts.connection", NAME),
    ordinal: reader.whole("attempts.ordinal"),
    own: reader.place("attempts.own", NAME),
    sentMs: reader.time("attempts.sentMs"),
    sentSeq: reader.number("attempts.sentSeq"),
    replyMs: reader.time("attempts.replyMs"),
    replySeq: reader.number("attempts.replySeq"),
    reason: reasonOf(reader, "attempts.reason"),
  };
}

function unpackOperation(reader: PackedReader): RecordedOperation {
  const contract = reader.place("operation.contract", NAME);
  const name = reader.place("operation.name", NAME);
  const key = reader.text("operation.key", TEXT);
  const parameters: Record<string, string> = {};
  for (let left = reader.whole("operation.parameters", PARAMETERS); left > 0; left--) {
    const parameter = reader.place("operation.parameters", NAME);
    if (parameter === "__proto__") reader.fail("operation.parameters", "no name of a parameter");
    parameters[parameter] = reader.text("operation.parameters", TEXT);
  }
  return {
    contract,
    name,
    parameters,
    key,
    requestBody: unpackValue(reader, "operation.requestBody"),
    replyBody: unpackValue(reader, "operation.replyBody"),
  };
}

function unpackValue(reader: PackedReader, field: string): RecordedValue | null {
  switch (reader.whole(field)) {
    case valueTags.none:
      return null;
    case valueTags.text:
      return { text: reader.text(field, VALUE) };
    case valueTags.hash:
      return { hash: reader.text(field, NAME) };
    case valueTags["too-long"]:
      return { missing: "too-long" };
    case valueTags["not-whole"]:
      return { missing: "not-whole" };
    case valueTags.overflow:
      return { missing: "overflow" };
    default:
      return reader.fail(field, "no kind of value");
  }
}

function reasonOf(reader: PackedReader, field: string): Reason | null {
  const reason = reader.placeOrNone(field, NAME);
  if (reason === null || isReason(reason)) return reason;
  return reader.fail(field, "no reason");
}
