import type {
  NamedParameterDoc,
  OperationDoc,
  ParameterDoc,
  PathPartDoc,
} from "../model/document.ts";
import { integerKey } from "../model/integer-key.ts";
import { allParameters, headParameters } from "../model/operation-parameters.ts";
import { percentDecode } from "../model/target.ts";
import type { OperationSignature } from "./definition.ts";
import { decodeOctets } from "./reader.ts";
import { sortInfo } from "./sort.ts";
import type { Variable } from "./term.ts";

/** How a request is an operation. Each parameter is in exactly one place: the path, the query, a field or the body. */
export interface Binding {
  /** Method and path as the process sees it: `GET /locks/{k}`. A parameter is a whole segment. */
  readonly on: `${string} /${string}`;
  /** Of the query: its name there, and the parameter. */
  readonly query?: Readonly<Record<string, Variable<string>>>;
  /** Header fields: name, and the parameter. */
  readonly fields?: Readonly<Record<string, Variable<string>>>;
  readonly body?: Variable<string>;
  /** Statuses that say: done. What the operation gives is the reply's body. */
  readonly ok: readonly number[];
  /** Statuses that say: refused, it did not happen. Any other: it may have happened. Default: none. */
  readonly refused?: readonly number[];
}

const bindingFields = ["on", "query", "fields", "body", "ok", "refused"];

function areLists({ ok, refused = [] }: Binding): boolean {
  return Array.isArray(ok) && Array.isArray(refused);
}

/** The bindings as data, and all that is wrong with them. */
export function bindOperations(
  signatures: readonly OperationSignature[],
  bindings: Readonly<Record<string, Binding>>,
): { readonly operations: readonly OperationDoc[]; readonly problems: string[] } {
  const problems: string[] = [];
  const operations = signatures.flatMap((signature) => {
    const tell = (problem: string) => problems.push(`${signature.name}: ${problem}`);
    checkSignature(signature, tell);
    const binding = bindings[signature.name];
    if (binding === undefined) {
      tell("http says nothing of it");
      return [];
    }
    for (const field of Object.keys(binding).filter((one) => !bindingFields.includes(one))) {
      tell(`http knows no ${field}, but ${bindingFields.join(", ")}`);
    }
    if (!areLists(binding)) {
      tell("ok and refused are lists of statuses, as in ok: [200]");
      return [];
    }
    return [bind(signature, binding, tell)];
  });
  for (const name of Object.keys(bindings)) {
    if (!signatures.some((signature) => signature.name === name)) {
      problems.push(`${name}: http binds it, but there is no such operation`);
    }
  }
  if (problems.length === 0) problems.push(...clashes(operations));
  return { operations, problems };
}

/**
 * The parameter that is the key where a Contract names none: the first of the first operation that every operation
 * takes from path, query or fields. Null: there is none, and the whole service is one object.
 */
export function defaultKey(operations: readonly OperationDoc[]): string | null {
  const [first, ...others] = operations;
  if (first === undefined) return null;
  const common = (name: string) => others.every((operation) => isInHead(operation, name));
  return first.takes.find((name) => isInHead(first, name) && common(name)) ?? null;
}

type Tell = (problem: string) => void;

function isInHead(operation: OperationDoc, name: string): boolean {
  return headParameters(operation).some(({ parameter }) => parameter === name);
}

function checkSignature({ takes }: OperationSignature, tell: Tell): void {
  for (const { name } of takes) {
    if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) {
      tell(`a parameter's name is a letter, then letters, 0-9 and _; not ${JSON.stringify(name)}`);
    }
    if (takes.filter((other) => other.name === name).length > 1) {
      tell(`takes two parameters named ${name}`);
    }
  }
}

function bind(signature: OperationSignature, binding: Binding, tell: Tell): OperationDoc {
  const { name, takes, changes, gives } = signature;
  const [, method = "", template = ""] =
    /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) (\/\S*)$/.exec(binding.on) ?? [];
  if (method === "")
    tell(`expected a method and a path, as in "GET /{k}", not ${JSON.stringify(binding.on)}`);
  const typeOf = (parameter: string): ParameterDoc => {
    const taken = takes.find((one) => one.name === parameter);
    if (taken === undefined)
      tell(`takes no ${parameter}, but ${binding.on} and its other parts name it`);
    return { parameter, type: sortInfo(taken?.sort ?? "str").recordedAs };
  };
  const named = (variables: Readonly<Record<string, Variable<string>>> = {}): NamedParameterDoc[] =>
    Object.entries(variables).map(([wire, variable]) => ({ ...typeOf(variable.name), name: wire }));
  const path = pathParts(template, typeOf, tell);
  const query = named(binding.query);
  const fields = named(binding.fields).map((field) => ({
    ...field,
    name: field.name.toLowerCase(),
  }));
  const body = binding.body === undefined ? null : typeOf(binding.body.name);
  const bound = allParameters({ path, query, fields, body }).map(({ parameter }) => parameter);
  for (const { name: parameter } of takes) {
    const times = bound.filter((one) => one === parameter).length;
    if (times === 0)
      tell(`${parameter} is bound nowhere: put it in the path, query, fields or body`);
    if (times > 1) tell(`${parameter} is bound ${times} times`);
  }
  const { ok, refused = [] } = binding;
  checkStatuses(ok, refused, tell);
  const recordedAs = gives === null ? null : sortInfo(gives).recordedAs;
  return {
    name,
    takes: takes.map((one) => one.name),
    changes,
    method,
    path,
    query,
    fields,
    body,
    gives: recordedAs,
    ok,
    refused,
  };
}

function pathParts(
  template: string,
  typeOf: (parameter: string) => ParameterDoc,
  tell: Tell,
): readonly PathPartDoc[] {
  if (template.includes("?")) tell(`the query of ${template} is said under query, not in the path`);
  const segments = template.split("/").slice(1);
  if (segments.length === 1 && segments[0] === "") return [];
  return segments.map((segment, at): PathPartDoc => {
    if (segment === "" && at < segments.length - 1) tell(`${template} has an empty segment`);
    const [, parameter] = /^\{([^{}]*)\}$/.exec(segment) ?? [];
    if (parameter !== undefined) return typeOf(parameter);
    if (/[{}]/.test(segment)) tell(`${segment}: a parameter is a whole segment, /{k}/`);
    return { literal: decodeOctets(percentDecode(segment)) };
  });
}

function checkStatuses(ok: readonly number[], refused: readonly number[], tell: Tell): void {
  if (ok.length === 0) tell("ok names no status: it could never be done");
  for (const status of [...ok, ...refused]) {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      tell(`${status} is no final status, 200 to 599`);
    }
  }
  for (const status of refused) if (ok.includes(status)) tell(`${status} is both ok and refused`);
}

/** Pairs of operations that one request could be. */
function clashes(operations: readonly OperationDoc[]): readonly string[] {
  return operations.flatMap((one, at) =>
    operations
      .slice(at + 1)
      .filter((other) => one.method === other.method && overlap(one.path, other.path))
      .map(
        (other) =>
          `${one.method} ${formatPath(one.path)} is ${one.name}, and ${formatPath(other.path)} ${other.name}: one request may be both`,
      ),
  );
}

function overlap(one: readonly PathPartDoc[], other: readonly PathPartDoc[]): boolean {
  if (one.length !== other.length) return false;
  return one.every((part, at) => {
    const opposite = other[at]!;
    if ("literal" in part)
      return "literal" in opposite
        ? part.literal === opposite.literal
        : fits(part.literal, opposite);
    return "literal" in opposite ? fits(opposite.literal, part) : true;
  });
}

function fits(literal: string, { type }: ParameterDoc): boolean {
  return type === "integer" ? integerKey(literal) !== null : literal !== "";
}

function formatPath(path: readonly PathPartDoc[]): string {
  return `/${path.map((part) => ("literal" in part ? part.literal : `{${part.parameter}}`)).join("/")}`;
}
