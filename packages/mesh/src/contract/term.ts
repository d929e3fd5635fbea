import type { Value } from "./operation.ts";
import type { Literal } from "./sort.ts";

/** A term as data: `get (put (empty) k v) k`. */
export type TermNode =
  | { readonly kind: "empty" }
  /** Any state that operations lead to. */
  | { readonly kind: "any" }
  | { readonly kind: "variable"; readonly name: string; readonly sort: string }
  | { readonly kind: "literal"; readonly value: Value }
  | {
      readonly kind: "apply";
      readonly operation: string;
      readonly state: TermNode;
      readonly args: readonly TermNode[];
    };

/** A term that gives a value of sort `S`. */
export interface Term<S extends string> {
  readonly gives: S;
  readonly node: TermNode;
  /** The axiom that both are one value, whatever its variables stand for. */
  is(value: Term<S> | Literal<S>): Axiom;
  /** Where they are two; for `where`. */
  isNot(value: Term<S> | Literal<S>): Condition;
}

/** Stands for any value of sort `S`. */
export interface Variable<S extends string> extends Term<S> {
  readonly name: string;
}

/** A term that is a state: what an operation may be applied to. */
export interface State {
  readonly isState: true;
  readonly node: TermNode;
}

/** A state and nothing else: `empty`, `put (s) k v`. */
export interface StateTerm extends State {
  /** The axiom that both are one state: no operation tells them apart. */
  is(state: State): Axiom;
}

/** Two terms differ: what `isNot` gives, and `is` does not. */
export interface Condition {
  readonly areDifferent: true;
  readonly left: TermNode;
  readonly right: TermNode;
}

/** Left and right are equal wherever all conditions hold. */
export interface Axiom {
  readonly left: TermNode;
  readonly right: TermNode;
  readonly conditions: readonly Condition[];
  /** The same axiom, said only of the cases in which the condition holds. */
  where(condition: Condition): Axiom;
}

/** All three kinds of term at once; the types above say which of it may be used. */
export class AnyTerm {
  readonly node: TermNode;
  /** Sort of what it gives; empty: nothing. */
  readonly gives: string;
  readonly isState: boolean;
  /** Of a variable. */
  readonly name: string;

  constructor(node: TermNode, gives: string, isState: boolean) {
    this.node = node;
    this.gives = gives;
    this.isState = isState;
    this.name = node.kind === "variable" ? node.name : "";
  }

  is(other: unknown): Axiom {
    return new WrittenAxiom(this.node, nodeOf(other), []);
  }

  isNot(other: unknown): Condition {
    return { areDifferent: true, left: this.node, right: nodeOf(other) };
  }
}

/** The node of a term, or of a value that stands for itself. */
export function nodeOf(term: unknown): TermNode {
  if (typeof term === "object" && term !== null && "node" in term) return term.node as TermNode;
  return { kind: "literal", value: term as Value };
}

class WrittenAxiom implements Axiom {
  readonly left: TermNode;
  readonly right: TermNode;
  readonly conditions: readonly Condition[];

  constructor(left: TermNode, right: TermNode, conditions: readonly Condition[]) {
    this.left = left;
    this.right = right;
    this.conditions = conditions;
  }

  where(condition: Condition): Axiom {
    return new WrittenAxiom(this.left, this.right, [...this.conditions, condition]);
  }
}
