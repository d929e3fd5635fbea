import type { OperationDoc } from "../model/document.ts";
import type { Value } from "./operation.ts";
import type { Axiom } from "./term.ts";

/** A service's definition as data and a model: what `algebra(…).http(…)` gives. */
export interface Definition {
  /** Tells a definition from anything else that a file may export, also one of another copy of this package. */
  readonly heddle: "definition";
  /** `KVS`. */
  readonly name: string;
  readonly signatures: readonly OperationSignature[];
  readonly axioms: readonly DefinedAxiom[];
  readonly model: Model;
  /** The `http` part as data: all that proxies are told. */
  readonly operations: readonly OperationDoc[];
}

export interface OperationSignature {
  readonly name: string;
  readonly takes: readonly { readonly name: string; readonly sort: string }[];
  /** Sort of what it gives; null: nothing but the next state. */
  readonly gives: string | null;
  readonly changes: boolean;
}

export interface DefinedAxiom extends Axiom {
  /** Not of the slide: the definition's own addition. */
  readonly isExtension: boolean;
}

/** The executable model, untyped: `empty`, and one function per operation. */
export interface Model {
  readonly empty: unknown;
  readonly operations: Readonly<
    Record<string, (state: unknown, ...args: readonly Value[]) => unknown>
  >;
}

/** A definition that says nothing sensible: all that is wrong with it. */
export class DefinitionError extends Error {
  override readonly name = "DefinitionError";
  readonly problems: readonly string[];

  constructor(definition: string, problems: readonly string[]) {
    super(problems.map((problem) => `${definition}: ${problem}`).join("\n"));
    this.problems = problems;
  }
}

/** Is it a definition, of this or of another copy of this package? */
export function isDefinition(value: unknown): value is Definition {
  return (
    typeof value === "object" &&
    value !== null &&
    "heddle" in value &&
    value.heddle === "definition"
  );
}

/** What the model does: the next state, and what is given; `undefined` where nothing is. */
export function applyModel(
  definition: Pick<Definition, "model">,
  signature: OperationSignature,
  state: unknown,
  args: readonly Value[],
): { readonly state: unknown; readonly result: Value | undefined } {
  const made = definition.model.operations[signature.name]!(state, ...args);
  if (!signature.changes) return { state, result: made as Value };
  if (signature.gives === null) return { state: made, result: undefined };
  const [next, result] = made as readonly [unknown, Value];
  return { state: next, result };
}

/** `KVS → Int → String`. */
export function formatSignature(
  name: string,
  signature: OperationSignature,
  title: (sort: string) => string,
): string {
  const results = [
    ...(signature.changes ? [name] : []),
    ...(signature.gives === null ? [] : [title(signature.gives)]),
  ];
  const result = results.length === 1 ? results[0]! : `(${results.join(", ")})`;
  return [name, ...signature.takes.map(({ sort }) => title(sort)), result].join(" → ");
}
