import { formatAxiom } from "./axiom.ts";
import type { DefinedAxiom, Definition } from "./definition.ts";
import type { Operation, Value } from "./operation.ts";
import { isEqualValue } from "./recorded-value.ts";
import type { TermNode } from "./term.ts";
import type { Counterexample } from "./verdict.ts";

/**
 * The axiom that a counterexample contradicts, as written: one whose left side is what was done, one operation after the
 * other, and whose right side is not what the last one gave. Axioms of the definition go before its extensions. Null: none
 * alone says it, as where operations overlap.
 *
 * @param isNew did the key begin as `empty`? Otherwise only axioms about any state `s` are meant.
 */
export function brokenAxiom(
  { axioms }: Pick<Definition, "axioms">,
  { operations, expected }: Pick<Counterexample, "operations" | "expected">,
  isNew: boolean,
): string | null {
  const done = operations.toSorted((a, b) => a.startMs - b.startMs);
  const isInOrder = done.every((each, at) => at === 0 || done[at - 1]!.endMs <= each.startMs);
  if (!isInOrder || expected === null || done.at(-1)?.id !== expected.operation) return null;
  const inOrder = [...axioms.filter(isOwn), ...axioms.filter((axiom) => !isOwn(axiom))];
  const broken = inOrder.find((axiom) => says(axiom, done, expected.value, isNew));
  return broken === undefined ? null : formatAxiom(broken);
}

const isOwn = ({ isExtension }: DefinedAxiom) => !isExtension;

/** Is the axiom's left side what was done, and its right side what was expected? */
function says(
  axiom: DefinedAxiom,
  done: readonly Operation[],
  expected: Value | undefined,
  isNew: boolean,
): boolean {
  const bound = new Map<string, Value>();
  let term = axiom.left;
  let at = done.length - 1;
  for (; term.kind === "apply"; at--) {
    const operation = done[at];
    if (operation === undefined || operation.name !== term.operation) return false;
    if (!term.args.every((arg, index) => binds(bound, arg, operation.args[index]))) return false;
    term = term.state;
  }
  if (term.kind === "empty" && (at >= 0 || !isNew)) return false;
  const areDifferent = axiom.conditions.every(({ left, right }) => {
    const [one, other] = [given(bound, left), given(bound, right)];
    return one !== undefined && other !== undefined && !isEqualValue(one, other);
  });
  if (!areDifferent) return false;
  const right = given(bound, axiom.right);
  return right !== undefined && isEqualValue(right, expected);
}

function binds(bound: Map<string, Value>, arg: TermNode, value: Value | undefined): boolean {
  if (value === undefined) return false;
  if (arg.kind === "literal") return isEqualValue(arg.value, value);
  if (arg.kind !== "variable") return false;
  const before = bound.get(arg.name);
  if (before === undefined) bound.set(arg.name, value);
  return before === undefined || isEqualValue(before, value);
}

/** Undefined: it is no value by itself. */
function given(bound: ReadonlyMap<string, Value>, term: TermNode): Value | undefined {
  if (term.kind === "literal") return term.value;
  return term.kind === "variable" ? bound.get(term.name) : undefined;
}
