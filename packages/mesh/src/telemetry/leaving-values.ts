import { ValueRecorder } from "../contract/recorded-value.ts";
import type { RecordedValue } from "../history/exchange.ts";
import type { ContractDoc, ValueType } from "../model/document.ts";
import type { BodyCapture, ExchangeRecord, OperationRecord } from "./record.ts";

/** Captured bodies as they leave a proxy: what a Contract wants hashed is hashed here, and not for each request. */
export class LeavingValues {
  /** By Contract; one that is replaced goes with its document. */
  readonly #values = new WeakMap<ContractDoc, ValueRecorder>();

  requestBody({ contract, operation, requestBody }: OperationRecord): RecordedValue | null {
    return this.#value(contract, requestBody, operation.body?.type ?? null);
  }

  replyBody({ contract, operation, replyBody }: OperationRecord): RecordedValue | null {
    return this.#value(contract, replyBody, operation.gives);
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
export function callerOf(record: ExchangeRecord, workload: string): string | null {
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
