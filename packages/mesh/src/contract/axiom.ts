import { unreachable } from "../base/assert.ts";
import {
  applyModel,
  type DefinedAxiom,
  type Definition,
  type OperationSignature,
} from "./definition.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Value } from "./operation.ts";
import { formatValue } from "./recorded-value.ts";
import type { Axiom, Condition, TermNode } from "./term.ts";

/** What the variables of an axiom stand for, and the state that `s` does. */
export interface Assignment {
  readonly variables: ReadonlyMap<string, Value>;
  readonly state: unknown;
}

/** As on the slide: `get (put (empty) k v) k → v`, and after the last two spaces where it is said: `where j ≠ k`. */
export function formatAxiom({ left, right, conditions }: Axiom): string {
  const law = `${formatTerm(left)} → ${formatTerm(right)}`;
  if (conditions.length === 0) return law;
  return `${law}  where ${conditions.map(formatCondition).join(" and ")}`;
}

/** The term as on the slide; a state within another term stands in parentheses. */
export function formatTerm(term: TermNode): string {
  switch (term.kind) {
    case "empty":
      return "empty";
    case "any":
      return "s";
    case "variable":
      return term.name;
    case "literal":
      return formatValue(term.value);
    case "apply": {
      const args = term.args.map((arg) =>
        arg.kind === "apply" ? `(${formatTerm(arg)})` : formatTerm(arg),
      );
      return [term.operation, `(${formatTerm(term.state)})`, ...args].join(" ");
    }
    default:
      return unreachable(term);
  }
}

/** Names and sorts of an axiom's variables. */
export function variablesOf({ left, right, conditions }: Axiom): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const visit = (term: TermNode): void => {
    if (term.kind === "variable") found.set(term.name, term.sort);
    if (term.kind !== "apply") return;
    visit(term.state);
    for (const arg of term.args) visit(arg);
  };
  for (const side of [{ left, right }, ...conditions]) {
    visit(side.left);
    visit(side.right);
  }
  return found;
}

/** Does the axiom speak of any state? */
export function speaksOfAnyState({ left, right }: Axiom): boolean {
  const visit = (term: TermNode): boolean =>
    term.kind === "any" || (term.kind === "apply" && (visit(term.state) || term.args.some(visit)));
  return visit(left) || visit(right);
}

/** Both sides as the model computes them; null where a condition does not hold. */
export function evaluateAxiom(
  definition: Definition,
  axiom: DefinedAxiom,
  assignment: Assignment,
): { readonly isTrue: boolean; readonly left: string; readonly right: string } | null {
  const value = (term: TermNode) => evaluateValue(definition, term, assignment);
  const isSame = ({ left, right }: Condition) =>
    fingerprint(value(left)) === fingerprint(value(right));
  if (axiom.conditions.some(isSame)) return null;
  if (givesValue(definition, axiom.left)) {
    const left = value(axiom.left);
    const right = value(axiom.right);
    return {
      isTrue: fingerprint(left) === fingerprint(right),
      left: formatValue(left),
      right: formatValue(right),
    };
  }
  const left = fingerprint(evaluateState(definition, axiom.left, assignment));
  const right = fingerprint(evaluateState(definition, axiom.right, assignment));
  return { isTrue: left === right, left, right };
}

function formatCondition({ left, right }: Condition): string {
  return `${formatTerm(left)} ≠ ${formatTerm(right)}`;
}

function givesValue(definition: Definition, term: TermNode): boolean {
  if (term.kind !== "apply") return term.kind === "variable" || term.kind === "literal";
  return signatureOf(definition, term.operation).gives !== null;
}

function evaluateState(definition: Definition, term: TermNode, assignment: Assignment): unknown {
  switch (term.kind) {
    case "empty":
      return definition.model.empty;
    case "any":
      return assignment.state;
    case "apply":
      return apply(definition, term, assignment).state;
    default:
      throw new TypeError(`${formatTerm(term)} is no state`);
  }
}

function evaluateValue(
  definition: Definition,
  term: TermNode,
  assignment: Assignment,
): Value | undefined {
  switch (term.kind) {
    case "variable":
      return assignment.variables.get(term.name);
    case "literal":
      return term.value;
    case "apply":
      return apply(definition, term, assignment).result;
    default:
      throw new TypeError(`${formatTerm(term)} is no value`);
  }
}

function apply(
  definition: Definition,
  term: TermNode & { readonly kind: "apply" },
  assignment: Assignment,
): { readonly state: unknown; readonly result: Value | undefined } {
  const state = evaluateState(definition, term.state, assignment);
  const args = term.args.map((arg) => evaluateValue(definition, arg, assignment) as Value);
  return applyModel(definition, signatureOf(definition, term.operation), state, args);
}

function signatureOf({ signatures }: Definition, name: string): OperationSignature {
  return signatures.find((signature) => signature.name === name)!;
}
