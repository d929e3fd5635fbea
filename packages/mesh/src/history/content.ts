import type { ContractDoc, OperationDoc } from "../model/document.ts";
import { parameterTypes } from "../model/operation-parameters.ts";
import { reasonRow } from "../model/reason.ts";
import type { OperationContent, ReplyContent, RequestContent } from "./event.ts";
import type {
  RecordedAttempt,
  RecordedExchange,
  RecordedOperation,
  RecordedValue,
} from "./exchange.ts";

/** Contracts by name: what a definition says of the order and the types of arguments, and of statuses. */
export type ContractDocs = ReadonlyMap<string, ContractDoc>;

/** What a recorded request says, on both levels. `path` is as on the hop meant: it may be rewritten on the way. */
export function requestContent(
  { method, operation }: RecordedExchange,
  path: string,
  docs: ContractDocs,
): RequestContent {
  const known = operation && operationContent(operation, definitionOf(operation, docs));
  return { method, path, operation: known };
}

/** What the caller was answered. */
export function answerContent(exchange: RecordedExchange, docs: ContractDocs): ReplyContent {
  const { operation } = exchange;
  return replyContent(exchange, operation, operation && definitionOf(operation, docs));
}

/** What one attempt was answered: the caller's answer, where it was passed on. */
export function attemptContent(
  exchange: RecordedExchange,
  attempt: RecordedAttempt,
  answer: ReplyContent,
): ReplyContent {
  const { reason } = attempt;
  if (reason === null) return answer;
  const isLast = attempt === exchange.attempts.at(-1);
  return isLast && exchange.origin === "app" // its head was passed on, and then it broke off
    ? { ...answer, reason, value: null, isOk: false }
    : { status: reasonRow(reason).status, reason, origin: "proxy", value: null, isOk: false };
}

/** An operation with its arguments; as it was recorded, where its definition is not at hand. */
export function operationContent(
  { name, parameters, requestBody }: RecordedOperation,
  definition: OperationDoc | null,
): OperationContent {
  if (definition !== null) {
    const types = parameterTypes(definition);
    const argumentOf = (parameter: string): RecordedValue => {
      const text = parameters[parameter];
      if (text !== undefined) return { text };
      return requestBody ?? { missing: "not-whole" };
    };
    return {
      name,
      arguments: definition.takes.map(argumentOf),
      types: definition.takes.map((parameter) => types.get(parameter) ?? "opaque"),
    };
  }
  const values: RecordedValue[] = Object.values(parameters).map((text) => ({ text }));
  if (requestBody !== null) values.push(requestBody);
  return { name, arguments: values };
}

/** The answer of an operation, or of a request that no Contract knows. Where its definition is not at hand, 2xx is ok. */
export function replyContent(
  { status, reason, origin }: Pick<ReplyContent, "status" | "reason" | "origin">,
  operation: RecordedOperation | null,
  definition: OperationDoc | null,
): ReplyContent {
  const isOk =
    operation !== null &&
    origin === "app" &&
    reason === null &&
    (definition?.ok.includes(status) ?? (status >= 200 && status < 300));
  const value = isOk ? operation.replyBody : null;
  const valueType = definition?.gives ?? null;
  return { status, reason, origin, value, isOk, ...(valueType === null ? {} : { valueType }) };
}

function definitionOf(operation: RecordedOperation, docs: ContractDocs): OperationDoc | null {
  const operations = docs.get(operation.contract)?.operations ?? [];
  return operations.find(({ name }) => name === operation.name) ?? null;
}
