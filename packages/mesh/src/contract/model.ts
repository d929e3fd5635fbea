import { formatTerm } from "./axiom.ts";
import { applyModel, type Definition, type OperationSignature } from "./definition.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Value } from "./operation.ts";
import { hashedValue, hashOf, isEqualValue, type ValueRecorder } from "./recorded-value.ts";
import type { SequentialModel } from "./sequential.ts";
import { sortInfo } from "./sort.ts";
import type { TermNode } from "./term.ts";

export interface SequentialOptions {
  /** The parameter that is the key; null: the whole service is one object. */
  readonly key: string | null;
  /** Hashes as the proxies did, so that what the model gives in clear can be compared; null: all was recorded in clear. */
  readonly hashes: Pick<ValueRecorder, "hashText"> | null;
}

/** The definition's model as checkers see it: one key's operations, one at a time. */
export function sequentialModel(
  definition: Definition,
  { key, hashes }: SequentialOptions,
): SequentialModel {
  const byName = new Map(
    definition.signatures.map((signature) => [
      signature.name,
      { signature, sorts: signature.takes.map(({ sort }) => sortInfo(sort)) },
    ]),
  );
  return {
    name: definition.name,
    empty: definition.model.empty,
    step: (state, name, args) => {
      const known = byName.get(name);
      if (known === undefined || args.length !== known.sorts.length) return null;
      if (!known.sorts.every((sort, at) => sort.accepts(args[at]!))) return null;
      return applyModel(definition, known.signature, state, args);
    },
    fingerprint,
    changes: (name) => byName.get(name)?.signature.changes === true,
    agrees: (expected, recorded) => agrees(expected, recorded, hashes),
    register: registerShape(definition, key),
  };
}

function agrees(
  expected: Value | undefined,
  recorded: Value | undefined,
  hashes: SequentialOptions["hashes"],
): boolean {
  if (expected === recorded) return true;
  if (typeof expected === "string" && typeof recorded === "string") {
    if (hashes === null || expected === "" || recorded === "") return false;
    if (hashOf(expected) === null && hashOf(recorded) === null) return false;
    return hashed(expected, hashes) === hashed(recorded, hashes);
  }
  return isEqualValue(expected, recorded);
}

function hashed(text: string, hashes: Pick<ValueRecorder, "hashText">): Value {
  return hashOf(text) === null ? hashedValue(hashes.hashText(text)) : text;
}

/**
 * Two operations, of which one puts a value and the other gives the last one put, says the axiom
 * `read (write (s) k v) k → v`; beside the value they take the key alone.
 */
function registerShape(definition: Definition, key: string | null): SequentialModel["register"] {
  const { signatures, axioms } = definition;
  const read = signatures.find(({ changes }) => !changes);
  const write = signatures.find(({ changes, gives }) => changes && gives === null);
  if (signatures.length !== 2 || read === undefined || write === undefined) return null;
  const valueIndex = write.takes.findIndex(({ name }) => name !== key);
  if (!isKeyAlone(read.takes, key)) return null;
  if (!isKeyAlone(write.takes.toSpliced(valueIndex, 1), key)) return null;
  const isSaid = axioms.some(
    ({ left, right, conditions }) =>
      conditions.length === 0 && isReadOfWrite({ read, write, valueIndex }, left, right),
  );
  return isSaid ? { read: read.name, write: write.name, valueIndex } : null;
}

function isKeyAlone(takes: OperationSignature["takes"], key: string | null): boolean {
  return key === null ? takes.length === 0 : takes.length === 1 && takes[0]!.name === key;
}

interface Shape {
  readonly read: OperationSignature;
  readonly write: OperationSignature;
  readonly valueIndex: number;
}

function isReadOfWrite(
  { read, write, valueIndex }: Shape,
  left: TermNode,
  right: TermNode,
): boolean {
  if (left.kind !== "apply" || left.operation !== read.name) return false;
  const written = left.state;
  if (written.kind !== "apply" || written.operation !== write.name) return false;
  if (written.state.kind !== "any") return false;
  const value = written.args[valueIndex]!;
  const keys = written.args.toSpliced(valueIndex, 1);
  if (keys.some((key) => formatTerm(key) === formatTerm(value))) return false;
  const areVariables = [value, ...keys].every(({ kind }) => kind === "variable");
  const isSameKey = keys.map(formatTerm).join(" ") === left.args.map(formatTerm).join(" ");
  return areVariables && isSameKey && formatTerm(right) === formatTerm(value);
}
