import { fingerprint } from "./fingerprint.ts";
import type { Obligation } from "./obligation.ts";
import type { Operation, Value } from "./operation.ts";
import type { Initial, SequentialModel } from "./sequential.ts";

/** The obligation cannot be met in this state. */
export const rejected = Symbol("rejected");
/** The state before anything is known of it: whatever is seen first is what it was. */
export const unknownState = Symbol("unknown");

/** What a register held before the record began, known by the first read. */
class FirstValue {
  readonly value: Value | undefined;
  constructor(value: Value | undefined) {
    this.value = value;
  }
}

/**
 * One object, as its model has it, for a search. A register may begin unknown: its first read says what it held, its first
 * write makes that irrelevant.
 */
export class ObjectStates {
  readonly begin: unknown;
  /** Does each update leave a state that nothing before it has a part in? */
  readonly isRegister: boolean;
  readonly #model: SequentialModel;

  /** `begin`: what it starts from, where that is not what `initial` says. */
  constructor(model: SequentialModel, initial: Initial, begin?: unknown) {
    this.#model = model;
    this.isRegister = model.register !== null;
    this.begin = begin ?? (initial.kind === "empty" ? model.empty : unknownState);
  }

  /** The state after `asked` took effect in `state`, or `rejected`. */
  advance(state: unknown, asked: Obligation): unknown {
    if (state === unknownState || state instanceof FirstValue) return this.#first(state, asked);
    const { name, args } = asked.operation;
    const step = this.#model.step(state, name, args);
    if (step === null) return rejected;
    return this.#gives(step.result, asked) ? step.state : rejected;
  }

  /** Can it be told that it leaves any state as it is? */
  isRead(asked: Obligation): boolean {
    return !this.#model.changes(asked.operation.name);
  }

  /** What the operation gives in `state`; null: that is not known, or the definition has no such operation. */
  expected(
    state: unknown,
    { name, args }: Operation,
  ): { readonly value: Value | undefined } | null {
    if (state === unknownState) return null;
    if (state instanceof FirstValue && name === this.#model.register?.read) {
      return { value: state.value };
    }
    const step = this.#model.step(
      state instanceof FirstValue ? this.#model.empty : state,
      name,
      args,
    );
    return step === null ? null : { value: step.result };
  }

  fingerprint(state: unknown): string {
    if (state === unknownState) return "?";
    if (state instanceof FirstValue) return `?${fingerprint(state.value)}`;
    return `=${this.#model.fingerprint(state)}`;
  }

  /** Only registers begin unknown; a write of one does not look at what was there before. */
  #first(state: unknown, asked: Obligation): unknown {
    const { register, empty } = this.#model;
    const { name, args } = asked.operation;
    if (name === register?.read) {
      if (!asked.checksResult) return state;
      if (state instanceof FirstValue) return this.#gives(state.value, asked) ? state : rejected;
      const { outcome } = asked.operation;
      return outcome.kind === "ok" ? new FirstValue(outcome.result) : rejected;
    }
    const step = this.#model.step(empty, name, args);
    if (step === null) return rejected;
    return this.#gives(step.result, asked) ? step.state : rejected;
  }

  #gives(expected: Value | undefined, asked: Obligation): boolean {
    if (!asked.checksResult) return true;
    const { outcome } = asked.operation;
    return outcome.kind === "ok" && this.#model.agrees(expected, outcome.result);
  }
}
