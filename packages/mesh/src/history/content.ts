import type { ContractDoc, OperationDoc, ValueType } from "../model/document.ts";
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
  return { method, path, operation: operation === null ? null : operationContent(operation, docs) };
}

/** What the caller was answered. */
export function answerContent(exchange: RecordedExchange, docs: ContractDocs): ReplyContent {
  const { status, reason, origin, operation } = exchange;
  const definition = operation === null ? null : definitionOf(operation, docs);
  const isOk =
    operation !== null &&
    origin === "app" &&
    reason === null &&
    (definition?.ok.includes(status) ?? (status >= 200 && status < 300));
  const value = isOk ? operation.replyBody : null;
  const valueType = definition?.gives ?? null;
  return { status, reason, origin, value, isOk, ...(valueType === null ? {} : { valueType }) };
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

function operationContent(operation: RecordedOperation, docs: ContractDocs): OperationContent {
  const { name, parameters, requestBody } = operation;
  const definition = definitionOf(operation, docs);
  if (definition !== null) {
    const types = typesOf(definition);
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

function definitionOf(operation: RecordedOperation, docs: ContractDocs): OperationDoc | null {
  const operations = docs.get(operation.contract)?.operations ?? [];
  return operations.find(({ name }) => name === operation.name) ?? null;
}

function typesOf({ path, query, fields, body }: OperationDoc): ReadonlyMap<string, ValueType> {
  const parts = [...path, ...query, ...fields, ...(body === null ? [] : [body])];
  return new Map(
    parts.flatMap((part) => ("parameter" in part ? [[part.parameter, part.type]] : [])),
  );
}
