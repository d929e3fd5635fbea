import type { Value } from "@heddle/mesh/contract/operation.ts";
import type { OperationDoc, ValueType } from "@heddle/mesh/model/document.ts";

/** An operation as HTTP: what `contract/reader.ts` reads as that operation again. */
export interface OperationRequest {
  readonly method: string;
  readonly path: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Null: it takes none. */
  readonly body: string | null;
}

/** The request that is `operation` with these arguments, in the order of its signature. */
export function requestOf(operation: OperationDoc, args: readonly Value[]): OperationRequest {
  const textOf = ({ parameter, type }: { parameter: string; type: ValueType }) =>
    wireText(args[operation.takes.indexOf(parameter)]!, type);
  const segments = operation.path.map((part) =>
    encodeURIComponent("literal" in part ? part.literal : textOf(part)),
  );
  const query = operation.query.map(
    (part) => `${encodeURIComponent(part.name)}=${encodeURIComponent(textOf(part))}`,
  );
  return {
    method: operation.method,
    path: `/${segments.join("/")}${query.length === 0 ? "" : `?${query.join("&")}`}`,
    fields: operation.fields.map((part) => [part.name, textOf(part)]),
    body: operation.body === null ? null : textOf(operation.body),
  };
}

function wireText(value: Value, type: ValueType): string {
  if (typeof value === "string" && type !== "json") return value;
  return typeof value === "bigint" ? String(value) : JSON.stringify(value);
}
