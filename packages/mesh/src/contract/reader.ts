import { keyHash } from "../base/key-hash.ts";
import { decodeUtf8 } from "../base/utf8.ts";
import type { ContractDoc, NamedParameterDoc, OperationDoc } from "../model/document.ts";
import type { RequestHead } from "../model/head.ts";
import { integerKey } from "../model/integer-key.ts";
import { headParameters } from "../model/operation-parameters.ts";
import { firstQueryValue, pathEnd, percentDecode } from "../model/target.ts";

/** A request read as an operation of a Contract. */
export interface OperationReading {
  readonly contract: ContractDoc;
  readonly operation: OperationDoc;
  /** From path, query and fields, percent-decoded but else as spelled, by name. The body's is not among them. */
  readonly parameters: Readonly<Record<string, string>>;
  /** In its normal form: an integer in decimal without leading zeros; empty where the whole service is one object. */
  readonly key: string;
}

export interface ContractReader {
  /**
   * The operation that the request is, or null: the Contract knows no such request, or its key is not among those that
   * are recorded. Reads the head as it is forwarded to the process, after every filter, and changes nothing.
   */
  read(head: RequestHead): OperationReading | null;
}

/**
 * Compiles what a Contract says of requests. The path is read as Placement reads it: runs of slashes are one, escapes
 * are decoded segment by segment, so `/7`, `//7`, `/%37` and, as an integer, `/007` are one key. Unlike there the path
 * must match to its end: `/7/` is not `/{k}`. Of two operations that match, the first wins (`contractProblems` tells).
 */
export function compileContractReader(contract: ContractDoc): ContractReader {
  const compiled = contract.operations.map((operation) => compileOperation(contract, operation));
  const byMethod = Map.groupBy(compiled, ({ operation }) => operation.method);
  return new CompiledReader(contract, byMethod);
}

/**
 * Is this key recorded? The same for every proxy and at every time, and more of the same keys with a greater share.
 * Placement takes the hash modulo the slot count, its low bits, this its high ones: every process keeps its share.
 */
export function isKeyRecorded(key: string, keyShare: number): boolean {
  return keyShare >= 1 || keyHash(key) < keyShare * 0x1_0000_0000;
}

/** Text of a parameter, whose octets a head gives as latin1 characters; as it is, where it is not UTF-8. */
export function decodeOctets(latin1: string): string {
  if (!/[\x80-\xff]/.test(latin1)) return latin1;
  return decodeUtf8(Uint8Array.from(latin1, (octet) => octet.charCodeAt(0))) ?? latin1;
}

interface CompiledOperation {
  readonly operation: OperationDoc;
  readonly path: readonly CompiledPart[];
  /** Query and fields; null where there are none. */
  readonly others: readonly CompiledSource[] | null;
  readonly key: string | null;
  readonly isKeyInteger: boolean;
}

interface CompiledPart {
  /** Its octets as a head gives them; null: a parameter. An empty one ends the template: the path ends in a slash. */
  readonly literal: string | null;
  readonly name: string;
  readonly isInteger: boolean;
}

interface CompiledSource {
  readonly from: "query" | "field";
  /** Of the query's parameter, or of the field. */
  readonly name: string;
  readonly parameter: string;
  readonly isInteger: boolean;
}

class CompiledReader implements ContractReader {
  readonly #contract: ContractDoc;
  readonly #byMethod: ReadonlyMap<string, readonly CompiledOperation[]>;

  constructor(contract: ContractDoc, byMethod: ReadonlyMap<string, readonly CompiledOperation[]>) {
    this.#contract = contract;
    this.#byMethod = byMethod;
  }

  read(head: RequestHead): OperationReading | null {
    const candidates = this.#byMethod.get(head.method);
    if (candidates === undefined) return null;
    const target = head.path;
    for (const compiled of candidates) {
      const parameters: Record<string, string> = {};
      if (!readPath(compiled.path, target, parameters)) continue;
      if (compiled.others !== null && !readOthers(compiled.others, head, parameters)) continue;
      const key = keyOf(compiled, parameters);
      if (key === null || !isKeyRecorded(key, this.#contract.keyShare)) return null;
      return { contract: this.#contract, operation: compiled.operation, parameters, key };
    }
    return null;
  }
}

function compileOperation(contract: ContractDoc, operation: OperationDoc): CompiledOperation {
  const sources = (from: "query" | "field", list: readonly NamedParameterDoc[]) =>
    list.map(
      ({ name, parameter, type }): CompiledSource => ({
        from,
        name,
        parameter,
        isInteger: type === "integer",
      }),
    );
  const others = [...sources("query", operation.query), ...sources("field", operation.fields)];
  return {
    operation,
    path: operation.path.map((part) =>
      "literal" in part
        ? { literal: latin1Of(part.literal), name: "", isInteger: false }
        : { literal: null, name: part.parameter, isInteger: part.type === "integer" },
    ),
    others: others.length === 0 ? null : others,
    key: contract.key,
    isKeyInteger: headParameters(operation).some(
      ({ parameter, type }) => parameter === contract.key && type === "integer",
    ),
  };
}

/** Null where the operation has no such parameter in its head: then it is of no key, and cannot be checked by key. */
function keyOf(
  compiled: CompiledOperation,
  parameters: Readonly<Record<string, string>>,
): string | null {
  if (compiled.key === null) return "";
  const text = parameters[compiled.key];
  if (text === undefined) return null;
  return compiled.isKeyInteger ? integerKey(text) : text;
}

function readPath(
  parts: readonly CompiledPart[],
  target: string,
  parameters: Record<string, string>,
): boolean {
  const end = pathEnd(target);
  let at = 0;
  for (const part of parts) {
    if (target.charCodeAt(at) !== SLASH) return false;
    while (at < end && target.charCodeAt(at) === SLASH) at++;
    let stop = target.indexOf("/", at);
    if (stop === -1 || stop > end) stop = end;
    const segment = percentDecode(target.slice(at, stop));
    if (part.literal !== null) {
      if (segment !== part.literal) return false;
    } else if (segment === "" || !take(part.name, part.isInteger, segment, parameters)) {
      return false;
    }
    at = stop;
  }
  if (parts.length > 0) return at === end;
  while (at < end && target.charCodeAt(at) === SLASH) at++;
  return at === end && end > 0;
}

function readOthers(
  sources: readonly CompiledSource[],
  head: RequestHead,
  parameters: Record<string, string>,
): boolean {
  for (const { from, name, parameter, isInteger } of sources) {
    const text = from === "query" ? firstQueryValue(head.path, name) : head.get(name);
    if (text === null || !take(parameter, isInteger, text, parameters)) return false;
  }
  return true;
}

function take(
  name: string,
  isInteger: boolean,
  text: string,
  parameters: Record<string, string>,
): boolean {
  if (isInteger && integerKey(text) === null) return false;
  parameters[name] = isInteger ? text : decodeOctets(text);
  return true;
}

function latin1Of(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

const SLASH = 0x2f;
