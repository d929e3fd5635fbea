import { ValueRecorder } from "../contract/recorded-value.ts";
import type { RecordedExchange, RecordedOperation, RecordedValue } from "../history/exchange.ts";
import type { ContractDoc, ValueType } from "../model/document.ts";
import { lastAttempt } from "./last-attempt.ts";
import type { BodyCapture, ExchangeRecord, OperationRecord } from "./record.ts";

/**
 * Writes records down as they leave a proxy. What a Contract wants hashed is hashed here, and not for each request: most
 * records never leave.
 */
export class ExchangeWriter {
  /** By Contract; one that is replaced goes with its document. */
  readonly #values = new WeakMap<ContractDoc, ValueRecorder>();

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
    const { contract, operation, parameters, key, requestBody, replyBody } = read;
    return {
      contract: contract.name,
      name: operation.name,
      parameters,
      key,
      requestBody: this.#value(contract, requestBody, operation.body?.type ?? null),
      replyBody: this.#value(contract, replyBody, operation.gives),
    };
  }

  #value(
    contract: ContractDoc,
    body: BodyCapture | null,
    type: ValueType | null,
  ): RecordedValue | null {
    if (body === null || type === null) return null;
    if (body.isTooLong) return { missing: "too-long" };
    if (!body.isWhole) return { missing: "not-whole" };
    if (body.isOverwritten === true) return { missing: "overflow" };
    let values = this.#values.get(contract);
    if (values === undefined) this.#values.set(contract, (values = new ValueRecorder(contract)));
    return values.record(body.octets.subarray(0, body.length), type);
  }
}

/** A gateway's callers are outside; of all others that are not asked by a peer it is the workload itself. */
function callerOf(record: ExchangeRecord, workload: string): string | null {
  switch (record.direction) {
    case "inbound":
      return record.sourceName;
    case "gateway":
      return null;
    case "outbound":
    case "egress":
      return workload;
  }
}
