import type { OperationDoc, ParameterDoc, ValueType } from "./document.ts";

/** The parameters that a request's head gives: those of path, query and fields, in this order. */
export function headParameters(operation: OperationParts): readonly ParameterDoc[] {
  const { path, query, fields } = operation;
  return [...path.filter((part) => "parameter" in part), ...query, ...fields];
}

/** All of them, the body's last. */
export function allParameters(operation: OperationParts): readonly ParameterDoc[] {
  const { body } = operation;
  return body === null ? headParameters(operation) : [...headParameters(operation), body];
}

/** How each parameter's value is read, by name. */
export function parameterTypes(operation: OperationParts): ReadonlyMap<string, ValueType> {
  return new Map(allParameters(operation).map(({ parameter, type }) => [parameter, type]));
}

type OperationParts = Pick<OperationDoc, "path" | "query" | "fields" | "body">;
