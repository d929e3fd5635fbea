import type { Value } from "./operation.ts";

/**
 * A definition's executable model as the checkers see it, restricted to one key: what an object that does one operation
 * at a time would do. Pure. `State` is opaque to checkers but for `fingerprint`.
 */
export interface SequentialModel<State = unknown> {
  readonly name: string;
  readonly empty: State;
  /**
   * What the operation would give in `state`, and the state after it. Null: the definition has no such operation or
   * its arguments are not of its types.
   */
  step(
    state: State,
    name: string,
    args: readonly Value[],
  ): { readonly state: State; readonly result: Value | undefined } | null;
  /** Equal for equal states: memory of a search. */
  fingerprint(state: State): string;
  /** May it change the state? */
  changes(name: string): boolean;
  /** Does the model's result agree with what was recorded (which may be a keyed hash)? */
  agrees(expected: Value | undefined, recorded: Value | undefined): boolean;
  /**
   * Set where one operation puts a value and another gives the last one put: histories whose values are unique are then
   * judged without a search. There are no other operations, and a write does not look at what was there. `valueIndex` is
   * the argument that is put.
   */
  readonly register: {
    readonly read: string;
    readonly write: string;
    readonly valueIndex: number;
  } | null;
}

/** How a key's history begins. */
export type Initial =
  | { readonly kind: "empty" } /** the record reaches back to the process's start */
  | { readonly kind: "unknown" } /** fixed by the first read */;
