import type { ContractReader, OperationReading } from "../contract/reader.ts";
import type { ContractDoc, OperationDoc } from "../model/document.ts";
import type { Fields, ReplyHead, RequestHead } from "../model/head.ts";
import { BodyCopy } from "../net/body-copy.ts";
import type { ExchangeRecord, OperationRecord } from "../telemetry/record.ts";

/**
 * The request as the Contract of the service it is forwarded to reads it; null: it knows no such request, or its key is not
 * recorded. The record has it from now on; the exchange gives it the bodies.
 */
export function captureOperation(
  contract: ContractReader,
  head: RequestHead,
  record: ExchangeRecord,
): OperationCapture | null {
  const reading = contract.read(head);
  if (reading === null) return null;
  const { callerField } = reading.contract;
  if (callerField !== null) record.callerField = head.get(callerField);
  const capture = new OperationCapture(reading);
  if (capture.requestBody !== null && isEncoded(head)) capture.requestBody.spoil();
  record.operation = capture;
  return capture;
}

/** An operation with its bodies on their way: those only that the definition takes and gives. */
export class OperationCapture implements OperationRecord {
  readonly contract: ContractDoc;
  readonly operation: OperationDoc;
  readonly parameters: Readonly<Record<string, string>>;
  readonly key: string;
  readonly requestBody: BodyCopy | null;
  readonly replyBody: BodyCopy | null;

  constructor({ contract, operation, parameters, key }: OperationReading) {
    const { valueBytesMax } = contract;
    this.contract = contract;
    this.operation = operation;
    this.parameters = parameters;
    this.key = key;
    this.requestBody = operation.body === null ? null : new BodyCopy(valueBytesMax);
    this.replyBody = operation.gives === null ? null : new BodyCopy(valueBytesMax);
  }

  /** @param isByProxy what the reply says is a proxy's, not what the operation gave */
  onReplyHead(head: ReplyHead, isByProxy: boolean): void {
    if (this.replyBody !== null && (isByProxy || isEncoded(head))) this.replyBody.spoil();
  }
}

/** RFC 9110 §8.4: the octets are a coding of the value. Two equal values need not have equal octets. */
function isEncoded(head: Fields): boolean {
  const coding = head.get("content-encoding");
  return coding !== null && coding !== "" && coding.toLowerCase() !== "identity";
}
