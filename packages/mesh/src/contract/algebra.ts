import {
  type Model as AnyModel,
  type DefinedAxiom,
  type Definition,
  DefinitionError,
  type OperationSignature,
} from "./definition.ts";
import { type Binding, bindOperations } from "./http-binding.ts";
import type { Literal, ValueIn } from "./sort.ts";
import {
  AnyTerm,
  type Axiom,
  nodeOf,
  type State,
  type StateTerm,
  type Term,
  type Variable,
} from "./term.ts";

/** A set of values. Called with a name it gives a variable: `int("k")`. */
export interface ValueSort<S extends string> {
  (name: string): Variable<S>;
  readonly sort: S;
}

/** Whole numbers. */
export const int: ValueSort<"int"> = valueSort("int");
/** Text that a model only keeps and compares, so that a hash of it does as well: proxies may record no more than that. */
export const str: ValueSort<"str"> = valueSort("str");
/** Text that a model computes with. Proxies record it in clear, whatever the Contract says. */
export const text: ValueSort<"text"> = valueSort("text");
/** `true` or `false`, as JSON. */
export const bool: ValueSort<"bool"> = valueSort("bool");

/** Lists, as JSON arrays: `list(int)`. */
export function list<S extends string>(element: ValueSort<S>): ValueSort<`[${S}]`> {
  return valueSort(`[${element.sort}]`);
}

/** What an operation takes beside the state, what it gives, and whether it changes the state. */
export interface Signature {
  readonly takes: readonly Variable<string>[];
  /** Absent: it gives nothing but the next state, so it changes it. */
  readonly gives?: ValueSort<string>;
  /** It gives something and changes the state, too. */
  readonly changes?: true;
}

export type Signatures = Readonly<Record<string, Signature>> & {
  readonly empty?: never;
  readonly s?: never;
};

type Arguments<Takes extends readonly Variable<string>[]> = {
  [Index in keyof Takes]: Term<Takes[Index]["gives"]> | Literal<Takes[Index]["gives"]>;
};
type Values<Takes extends readonly Variable<string>[]> = {
  [Index in keyof Takes]: ValueIn<Takes[Index]["gives"]>;
};
type SortGiven<S extends Signature> = S["gives"] extends ValueSort<infer Given> ? Given : never;
type Applied<S extends Signature> =
  S["gives"] extends ValueSort<infer Given>
    ? S["changes"] extends true
      ? State & Term<Given>
      : Term<Given>
    : StateTerm;
type Made<S extends Signature, StateOf> =
  S["gives"] extends ValueSort<string>
    ? S["changes"] extends true
      ? readonly [state: StateOf, gives: ValueIn<SortGiven<S>>]
      : ValueIn<SortGiven<S>>
    : StateOf;

/** What axioms are written with: `empty`, any state `s`, and the operations. */
export type Terms<S extends Signatures> = { readonly empty: StateTerm; readonly s: StateTerm } & {
  readonly [Name in keyof S]: (
    state: State,
    ...args: Arguments<S[Name]["takes"]>
  ) => Applied<S[Name]>;
};

/**
 * The executable model: the first state, and one pure function per operation. What gives, returns the value; what
 * changes, the next state; what does both, `[next state, value]`.
 */
export type Model<S extends Signatures, StateOf> = { readonly empty: StateOf } & {
  readonly [Name in keyof S]: (
    state: StateOf,
    ...args: Values<S[Name]["takes"]>
  ) => Made<S[Name], StateOf>;
};

export type Bindings<S extends Signatures> = { readonly [Name in keyof S]: Binding };

/** A definition as far as it is written. */
export interface Algebra<S extends Signatures> {
  readonly heddle: "unfinished";
  /** Axioms that define the service. */
  axiom(write: (terms: Terms<S>) => readonly Axiom[]): Algebra<S>;
  /** Axioms of our own beside those: what the definition leaves open and its checkers need. */
  extension(write: (terms: Terms<S>) => readonly Axiom[]): Algebra<S>;
  model<StateOf>(model: Model<S, StateOf>): ModelledAlgebra<S>;
}

export interface ModelledAlgebra<S extends Signatures> {
  readonly heddle: "unfinished";
  /**
   * How requests are operations.
   * @throws DefinitionError with all that is wrong with the definition.
   */
  http(bindings: Bindings<S>): Definition;
}

/**
 * Begins a service's definition, as an algebra: a set of states, here `name`, and operations on it. Then come `.axiom`,
 * `.extension`, `.model` and `.http`, in this order.
 */
export function algebra<const S extends Signatures>(name: string, signatures: S): Algebra<S> {
  const problems = signatureProblems(name, signatures);
  if (problems.length > 0) throw new DefinitionError(name, problems);
  return new Written<S>(name, signaturesOf(signatures), []);
}

class Written<S extends Signatures> implements Algebra<S> {
  readonly heddle = "unfinished";
  readonly #name: string;
  readonly #signatures: readonly OperationSignature[];
  readonly #axioms: readonly DefinedAxiom[];

  constructor(
    name: string,
    signatures: readonly OperationSignature[],
    axioms: readonly DefinedAxiom[],
  ) {
    this.#name = name;
    this.#signatures = signatures;
    this.#axioms = axioms;
  }

  axiom(write: (terms: Terms<S>) => readonly Axiom[]): Algebra<S> {
    return this.#with(write, false);
  }

  extension(write: (terms: Terms<S>) => readonly Axiom[]): Algebra<S> {
    return this.#with(write, true);
  }

  model<StateOf>({ empty, ...operations }: Model<S, StateOf>): ModelledAlgebra<S> {
    const model = { empty, operations: operations as AnyModel["operations"] };
    const http = (bindings: Bindings<S>) => this.#define(model, bindings);
    return { heddle: "unfinished", http };
  }

  #with(write: (terms: Terms<S>) => readonly Axiom[], isExtension: boolean): Algebra<S> {
    const more = write(termsOf(this.#signatures) as Terms<S>);
    const isSaid = Array.isArray(more) && more.every((axiom) => axiom?.right !== undefined);
    if (!isSaid)
      throw new DefinitionError(this.#name, ["axioms are a list, and each ends in .is(…)"]);
    const axioms = [...this.#axioms, ...more.map((axiom) => mark(axiom, isExtension))];
    return new Written<S>(this.#name, this.#signatures, axioms);
  }

  #define(model: AnyModel, bindings: Readonly<Record<string, Binding>>): Definition {
    const { operations, problems } = bindOperations(this.#signatures, bindings);
    for (const { name } of this.#signatures) {
      if (typeof model.operations[name] !== "function") problems.push(`the model has no ${name}`);
    }
    for (const name of Object.keys(model.operations)) {
      const isKnown = this.#signatures.some((signature) => signature.name === name);
      if (!isKnown) problems.push(`the model has ${name}, but there is no such operation`);
    }
    if (problems.length > 0) throw new DefinitionError(this.#name, problems);
    return {
      heddle: "definition",
      name: this.#name,
      signatures: this.#signatures,
      axioms: this.#axioms,
      model,
      operations,
    };
  }
}

function valueSort<S extends string>(sort: S): ValueSort<S> {
  const named = (name: string) => new AnyTerm({ kind: "variable", name, sort }, sort, false);
  return Object.assign(named, { sort }) as unknown as ValueSort<S>;
}

const signatureFields = ["takes", "gives", "changes"];

/** Files are run by people who have no compiler, too: what it would have said of signatures. */
function signatureProblems(name: unknown, signatures: unknown): readonly string[] {
  if (typeof name !== "string") return ["algebra(…) begins with the service's name, a text"];
  if (typeof signatures !== "object" || signatures === null) return ["it has no operations"];
  return Object.entries(signatures).flatMap(([operation, signature]: [string, Signature]) => {
    if (operation === "empty" || operation === "s") {
      return [`${operation}: in axioms this is a state; name the operation otherwise`];
    }
    const isList = Array.isArray(signature?.takes);
    if (!isList) return [`${operation}: takes a list of variables, as in takes: [k], or []`];
    const unknown = Object.keys(signature).filter((field) => !signatureFields.includes(field));
    const isTaken = signature.takes.every((taken) => typeof taken?.gives === "string");
    return [
      ...unknown.map(
        (field) =>
          `${operation}: no signature says ${field}: ${signatureFields.join(", ")} are known`,
      ),
      ...(isTaken ? [] : [`${operation}: takes variables, as int("k") makes one`]),
    ];
  });
}

function signaturesOf(
  signatures: Readonly<Record<string, Signature>>,
): readonly OperationSignature[] {
  return Object.entries(signatures).map(([name, { takes, gives, changes }]) => ({
    name,
    takes: takes.map((variable) => ({ name: variable.name, sort: variable.gives })),
    gives: gives?.sort ?? null,
    changes: changes === true || gives === undefined,
  }));
}

/** Fields alone, so that what is added to an axiom stays beside what wrote it. */
function mark({ left, right, conditions, where }: Axiom, isExtension: boolean): DefinedAxiom {
  return { left, right, conditions, where, isExtension };
}

function termsOf(signatures: readonly OperationSignature[]): Readonly<Record<string, unknown>> {
  const operations = signatures.map(({ name, gives, changes }) => {
    const apply = (state: State, ...args: readonly unknown[]) =>
      new AnyTerm(
        { kind: "apply", operation: name, state: state.node, args: args.map(nodeOf) },
        gives ?? "",
        changes,
      );
    return [name, apply] as const;
  });
  return {
    empty: new AnyTerm({ kind: "empty" }, "", true),
    s: new AnyTerm({ kind: "any" }, "", true),
    ...Object.fromEntries(operations),
  };
}
