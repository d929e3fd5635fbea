/**
 * `@heddle/mesh/contract`: what a service's definition is written with. docs/contracts.md leads from the slide to one of
 * your own; `definition/` has those that are shipped.
 */
export {
  type Algebra,
  algebra,
  type Bindings,
  bool,
  int,
  list,
  type Model,
  type ModelledAlgebra,
  type Signature,
  type Signatures,
  str,
  type Terms,
  text,
  type ValueSort,
} from "./algebra.ts";
export { type Definition, DefinitionError } from "./definition.ts";
export type { Binding } from "./http-binding.ts";
export type { Axiom, Condition, State, StateTerm, Term, Variable } from "./term.ts";
