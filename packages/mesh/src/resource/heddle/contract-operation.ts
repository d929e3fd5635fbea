import type {
  NamedParameterDoc,
  OperationDoc,
  ParameterDoc,
  PathPartDoc,
} from "../../model/document.ts";
import { headerName } from "../schema/formats.ts";
import type { Problems } from "../schema/problem.ts";
import {
  boolean,
  integer,
  list,
  object,
  oneOf,
  required,
  type TextSchema,
  type Typed,
  type TypeOf,
  text,
} from "../schema/schema.ts";

const valueType = oneOf("integer", "opaque", "text", "json");
const parameterName = text({
  minLength: 1,
  maxLength: 64,
  pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
  words: "a parameter's name of letters, 0-9 and _",
});
const parameter = object({ parameter: required(parameterName), type: required(valueType) });
/** A parameter under the name that it has on the wire. */
const named = <N extends Typed<string, TextSchema>>(name: N) =>
  list(
    object({ parameter: required(parameterName), type: required(valueType), name: required(name) }),
    {
      maxItems: 32,
      uniqueBy: ["parameter"],
    },
  );

/** One segment of a path: fixed, or a parameter. */
const pathPart = object(
  { literal: text({ maxLength: 1024 }), parameter: parameterName, type: valueType },
  (part, problems) => {
    const isLiteral = part.literal !== undefined;
    if (isLiteral === (part.parameter !== undefined)) {
      problems.add("expected either literal, or parameter with its type");
    } else if (isLiteral && part.type !== undefined) {
      problems.add("a literal has no type", "type");
    } else if (!isLiteral && part.type === undefined) problems.add("required", "type");
  },
);

/** Final statuses; what is in neither list of an operation may have happened. */
const statuses = list(integer({ minimum: 200, maximum: 599 }), { maxItems: 64, uniqueBy: [] });

/** One operation of a definition's `http` part, as `OperationDoc` of the documents; what is absent is null or none there. */
export const contractOperation = object(
  {
    name: required(text({ minLength: 1, maxLength: 64 })),
    /** All parameters in the order of the signature. */
    takes: required(list(parameterName, { maxItems: 32, uniqueBy: [] })),
    /** May it change the state? */
    changes: required(boolean()),
    method: required(
      text({
        minLength: 1,
        maxLength: 32,
        pattern: /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/,
        words: "a method",
      }),
    ),
    /** Segments of the path as the process sees it, decoded. */
    path: required(list(pathPart, { maxItems: 64 })),
    query: named(text({ minLength: 1, maxLength: 256 })),
    /** Header fields. */
    fields: named(headerName),
    body: parameter,
    gives: valueType,
    ok: required({ ...statuses, minItems: 1 }),
    refused: statuses,
  },
  (operation, problems) => {
    const { ok, refused = [], takes } = operation;
    const given = parametersOf(operation);
    for (const one of given)
      if (!takes.includes(one)) problems.add(`"${one}" is not in it`, "takes");
    takes.forEach((one, index) => {
      if (!given.includes(one)) problems.add(`"${one}" is nowhere in the request`, "takes", index);
    });
    refused.forEach((status, index) => {
      if (ok.includes(status)) problems.add(`${status} is in ok, too`, "refused", index);
    });
  },
);

export type ContractOperation = TypeOf<typeof contractOperation>;

/** The operation as proxies are told it. */
export function operationDoc(operation: ContractOperation): OperationDoc {
  const { name, takes, changes, method, path, query, fields, body, gives, ok, refused } = operation;
  return {
    name,
    takes,
    changes,
    method,
    path: path.map(pathPartDoc),
    query: (query ?? []).map(namedDoc),
    fields: (fields ?? []).map((one) => ({ ...namedDoc(one), name: one.name.toLowerCase() })),
    body: body == null ? null : parameterDoc(body),
    gives: gives ?? null,
    ok,
    refused: refused ?? [],
  };
}

/** A key must be read from every operation's head. */
export function checkKey(
  key: string,
  operations: readonly ContractOperation[],
  problems: Problems,
): void {
  const without = operations.filter((operation) => !takesFromHead(operation, key));
  if (without.length === 0) return;
  const names = without.map(({ name }) => name).join(", ");
  problems.add(`"${key}" is in neither path, query nor fields of ${names}`, "key");
}

function takesFromHead(operation: ContractOperation, key: string): boolean {
  return headParametersOf(operation).includes(key);
}

function parametersOf(operation: ContractOperation): readonly string[] {
  const { body } = operation;
  return body == null
    ? headParametersOf(operation)
    : [...headParametersOf(operation), body.parameter];
}

function headParametersOf({ path, query, fields }: ContractOperation): readonly string[] {
  const parts = [...path, ...(query ?? []), ...(fields ?? [])];
  return parts.flatMap(({ parameter }) => parameter ?? []);
}

function pathPartDoc({ literal, parameter, type }: ContractOperation["path"][number]): PathPartDoc {
  return literal == null ? { parameter: parameter!, type: type! } : { literal };
}

function namedDoc({ parameter, type, name }: NamedParameterDoc): NamedParameterDoc {
  return { parameter, type, name };
}

function parameterDoc({ parameter, type }: ParameterDoc): ParameterDoc {
  return { parameter, type };
}
