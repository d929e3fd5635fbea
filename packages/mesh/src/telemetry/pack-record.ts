import { directions } from "../history/exchange.ts";
import {
  BY_PROXY,
  HAS_CALLER_FIELD,
  HAS_CARRIED,
  HAS_OPERATION,
  HAS_RECEIVED_PATH,
  packAttempt,
  packCarried,
  packValue,
} from "../history/packed-batch.ts";
import type { PackedWriter } from "../history/packed-writer.ts";
import { callerOf, type LeavingValues } from "./leaving-values.ts";
import type { ExchangeRecord, OperationRecord } from "./record.ts";

/**
 * Packs a record as `history/packed-batch.ts` would pack what `ExchangeWriter` makes of it, without making it: thousands leave
 * a busy proxy each second.
 */
export function packRecord(
  writer: PackedWriter,
  record: ExchangeRecord,
  { workload, values }: { readonly workload: string; readonly values: LeavingValues },
): void {
  const { operation, receivedPath, callerField, earlier } = record;
  writer.begin(record.id, record.startMs, record.receivedSeq);
  writer.whole(
    directions.indexOf(record.direction) |
      (record.origin === "app" ? 0 : BY_PROXY) |
      (receivedPath === null ? 0 : HAS_RECEIVED_PATH) |
      (callerField === null ? 0 : HAS_CALLER_FIELD) |
      (operation === null ? 0 : HAS_OPERATION) |
      HAS_CARRIED,
  );
  packCarried(writer, record.protocol, record.detected, record.grpcStatus);
  writer.whole(record.status);
  writer.placeOrNone(record.reason);
  writer.place(record.service);
  writer.whole(record.servicePort);
  writer.placeOrNone(record.backend);
  writer.whole(record.backendPort);
  writer.placeOrNone(record.route);
  writer.text(record.path);
  if (receivedPath !== null) writer.text(receivedPath);
  writer.text(record.authority);
  writer.text(record.detail);
  writer.text(record.method);
  if (callerField !== null) writer.text(callerField);
  writer.place(record.frontConnection);
  writer.whole(record.frontOrdinal);
  writer.place(record.sourceAddress);
  writer.place(record.ownAddress);
  writer.placeOrNone(record.sourceId);
  writer.placeOrNone(callerOf(record, workload));
  writer.time(record.headMs);
  writer.time(record.endMs);
  writer.number(record.answeredSeq);
  const hasLast = record.attempts > 0;
  writer.whole((earlier?.length ?? 0) + (hasLast ? 1 : 0));
  if (earlier !== null) for (const attempt of earlier) packAttempt(writer, attempt);
  if (hasLast) packLast(writer, record);
  if (operation !== null) packOperation(writer, operation, values);
}

/** As `lastAttempt` has it. */
function packLast(writer: PackedWriter, record: ExchangeRecord): void {
  writer.place(record.endpointUid ?? "");
  writer.place(record.endpointName ?? "");
  writer.place(record.destinationAddress);
  writer.placeOrNone(record.destinationId);
  writer.placeOrNone(record.connection);
  writer.whole(record.ordinal);
  writer.place(record.localAddress);
  writer.time(record.sentMs);
  writer.number(record.sentSeq);
  writer.time(record.replyMs);
  writer.number(record.replySeq);
  writer.placeOrNone(record.attemptReason);
}

function packOperation(writer: PackedWriter, read: OperationRecord, values: LeavingValues): void {
  writer.place(read.contract.name);
  writer.place(read.operation.name);
  writer.text(read.key);
  let count = 0;
  for (const _ in read.parameters) count++;
  writer.whole(count);
  for (const name in read.parameters) {
    writer.place(name);
    writer.text(read.parameters[name]!);
  }
  packValue(writer, values.requestBody(read));
  packValue(writer, values.replyBody(read));
}
