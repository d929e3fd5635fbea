import type { Rng } from "../base/rng.ts";
import { evaluateAxiom, formatAxiom, speaksOfAnyState, variablesOf } from "./axiom.ts";
import {
  applyModel,
  type DefinedAxiom,
  type Definition,
  type OperationSignature,
} from "./definition.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Value } from "./operation.ts";
import { formatValue, hashedValue, hashOf, isEqualValue } from "./recorded-value.ts";
import { sortInfo } from "./sort.ts";

/** What trying an axiom against the model came to. */
export interface AxiomReport {
  readonly axiom: string;
  readonly isExtension: boolean;
  /** Cases tried in which its conditions held. */
  readonly tried: number;
  /** A case in which it is false, the shortest that was met: `k = 0, v = "a": left is "", right is "a"`. Null: none. */
  readonly counterexample: string | null;
}

export interface DefinitionReport {
  readonly axioms: readonly AxiomReport[];
  /** What is wrong with the model itself, a sentence each: then no verdict rests on it. */
  readonly problems: readonly string[];
}

/** Cases tried for each axiom, and for the model. */
export const axiomCases = 200;

/**
 * Tries a definition against its own model: every axiom on drawn values and reachable states, and what checkers rely
 * on: that the model is pure, gives values of its sorts, and only keeps and compares what is `str`.
 */
export function checkDefinition(definition: Definition, rng: Rng): DefinitionReport {
  return {
    axioms: definition.axioms.map((axiom) =>
      checkAxiom(definition, axiom, rng.fork(formatAxiom(axiom))),
    ),
    problems: checkModel(definition, rng.fork("model")),
  };
}

function checkAxiom(definition: Definition, axiom: DefinedAxiom, rng: Rng): AxiomReport {
  const sorts = [...variablesOf(axiom)].map(([name, sort]) => [name, sortInfo(sort)] as const);
  const hasState = speaksOfAnyState(axiom);
  const report = (tried: number, counterexample: string | null): AxiomReport => ({
    axiom: formatAxiom(axiom),
    isExtension: axiom.isExtension,
    tried,
    counterexample,
  });
  let tried = 0;
  // Conditions leave out some cases, so more are drawn than are wanted. States grow, so that the first refuted is small.
  for (let draw = 0; draw < axiomCases * 25 && tried < axiomCases; draw++) {
    const variables = new Map(sorts.map(([name, sort]) => [name, sort.draw(rng)]));
    const steps = hasState ? drawSteps(definition, rng, Math.floor(draw / 20) % 8) : [];
    const said = [
      ...Array.from(variables, ([name, value]) => `${name} = ${formatValue(value)}`),
      ...(hasState ? [`s = ${formatState(steps)}`] : []),
    ].join(", ");
    try {
      const state = run(definition, steps).state;
      const judged = evaluateAxiom(definition, axiom, { variables, state });
      if (judged === null) continue;
      tried++;
      if (!judged.isTrue)
        return report(tried, `${said}: left is ${judged.left}, right is ${judged.right}`);
    } catch (error) {
      return report(tried + 1, `${said}: the model throws ${String(error)}`);
    }
  }
  return report(tried, null);
}

interface Step {
  readonly signature: OperationSignature;
  readonly args: readonly Value[];
}

function drawSteps({ signatures }: Definition, rng: Rng, count: number): readonly Step[] {
  const changing = signatures.filter(({ changes }) => changes);
  if (changing.length === 0) return [];
  return Array.from({ length: count }, () => drawStep(changing, rng));
}

function drawStep(signatures: readonly OperationSignature[], rng: Rng): Step {
  const signature = signatures[rng.below(signatures.length)]!;
  return { signature, args: signature.takes.map(({ sort }) => sortInfo(sort).draw(rng)) };
}

function formatState(steps: readonly Step[]): string {
  return steps.reduce(
    (state, { signature, args }) =>
      `${signature.name} (${state})${args.map((arg) => ` ${formatValue(arg)}`).join("")}`,
    "empty",
  );
}

function run(
  definition: Definition,
  steps: readonly Step[],
): { readonly state: unknown; readonly results: readonly (Value | undefined)[] } {
  let state = definition.model.empty;
  const results = steps.map(({ signature, args }) => {
    const made = applyModel(definition, signature, state, args);
    state = made.state;
    return made.result;
  });
  return { state, results };
}

/** The first sentence that is true of each kind of fault. */
function checkModel(definition: Definition, rng: Rng): readonly string[] {
  for (let round = 0; round < axiomCases; round++) {
    const count = 1 + Math.floor(round / 20);
    const steps = Array.from({ length: count }, () => drawStep(definition.signatures, rng));
    try {
      const problem = checkSteps(definition, steps) ?? checkOpaque(definition, steps);
      if (problem !== null) return [problem];
    } catch (error) {
      return [`after ${formatState(steps)}: the model throws ${String(error)}`];
    }
  }
  return [];
}

/** Pure, and of its sorts? */
function checkSteps(definition: Definition, steps: readonly Step[]): string | null {
  const empty = fingerprint(definition.model.empty);
  let state = definition.model.empty;
  for (const { signature, args } of steps) {
    const { name, gives } = signature;
    const before = fingerprint(state);
    const made = applyModel(definition, signature, state, args);
    const again = applyModel(definition, signature, state, args);
    const said = `${name}${args.map((arg) => ` ${formatValue(arg)}`).join("")}`;
    if (fingerprint(state) !== before || fingerprint(definition.model.empty) !== empty) {
      return `${said} changes the state that it was given, in place: it has to return another`;
    }
    if (
      !isEqualValue(made.result, again.result) ||
      fingerprint(made.state) !== fingerprint(again.state)
    ) {
      return `${said} gives one thing now and another thing then`;
    }
    if (gives !== null) {
      const sort = sortInfo(gives);
      if (made.result === undefined || !sort.accepts(made.result)) {
        return `${said} gives ${String(made.result)}, which is no ${sort.title}`;
      }
    }
    state = made.state;
  }
  return null;
}

/** Does a model do with hashes of `str` what it does with the texts themselves? */
function checkOpaque(definition: Definition, steps: readonly Step[]): string | null {
  const hashed = steps.map(({ signature, args }) => ({
    signature,
    args: args.map((arg, at) => (signature.takes[at]!.sort === "str" ? likeHash(arg) : arg)),
  }));
  const clear = run(definition, steps).results;
  const other = run(definition, hashed).results;
  const differs = steps.findIndex(({ signature }, at) => {
    const isOpaque = signature.gives === "str";
    const [one, two] = [clear[at], other[at]];
    return !isEqualValue(isOpaque ? likeHash(one) : one, isOpaque ? likeHash(two) : two);
  });
  if (differs === -1) return null;
  const { name } = steps[differs]!.signature;
  return `${name} computes with a str, of which proxies may record a hash only: make it text, or only keep and compare it`;
}

/** An own hash of the text, in the place of the recorded one; as recorded the empty text has none. */
function likeHash<V extends Value | undefined>(value: V): V | Value {
  if (typeof value !== "string" || value === "" || hashOf(value) !== null) return value;
  return hashedValue(
    Array.from(value, (character) => character.codePointAt(0)!.toString(16)).join("-"),
  );
}
