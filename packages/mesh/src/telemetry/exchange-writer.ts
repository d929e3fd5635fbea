import type { RecordedExchange, RecordedOperation } from "../history/exchange.ts";
import { lastAttempt } from "./last-attempt.ts";
import { callerOf, LeavingValues } from "./leaving-values.ts";
import type { ExchangeRecord, OperationRecord } from "./record.ts";

/** Writes records down as they are given to who asks a proxy for them. */
export class ExchangeWriter {
  readonly #values: LeavingValues;

  constructor(values = new LeavingValues()) {
    this.#values = values;
  }

  /** @param workload name of the one whose proxy has recorded it */
  write(record: ExchangeRecord, workload: string): RecordedExchange {
    const last = lastAttempt(record);
    const earlier = record.earlier ?? [];
    return {
      id: record.id,
      direction: record.direction,
      service: record.service,
      servicePort: record.servicePort,
      backend: record.backend,
      backendPort: record.backendPort,
      method: record.method,
      path: record.path,
      ...(record.receivedPath !== null && { receivedPath: record.receivedPath }),
      authority: record.authority,
      ...(record.protocol !== "" && { protocol: record.protocol }),
      ...(record.detected !== "" && { detected: record.detected }),
      ...(record.grpcStatus >= 0 && { grpcStatus: record.grpcStatus }),
      front: {
        connection: record.frontConnection,
        ordinal: record.frontOrdinal,
        source: record.sourceAddress,
        own: record.ownAddress,
        peer: record.sourceId,
        caller: callerOf(record, workload),
        callerField: record.callerField,
      },
      attempts: last === null ? earlier : [...earlier, last],
      route: record.route,
      status: record.status,
      reason: record.reason,
      detail: record.detail,
      origin: record.origin,
      startMs: record.startMs,
      headMs: record.headMs,
      endMs: record.endMs,
      receivedSeq: record.receivedSeq,
      answeredSeq: record.answeredSeq,
      operation: record.operation === null ? null : this.writeOperation(record.operation),
    };
  }

  writeOperation(read: OperationRecord): RecordedOperation {
    const { contract, operation, parameters, key } = read;
    return {
      contract: contract.name,
      name: operation.name,
      parameters,
      key,
      requestBody: this.#values.requestBody(read),
      replyBody: this.#values.replyBody(read),
    };
  }
}
