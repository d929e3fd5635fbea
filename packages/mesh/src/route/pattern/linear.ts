import type { Instruction } from "./program.ts";

/** States of one pattern that are remembered; beyond, all are forgotten and made again as they are needed. */
export const patternStatesMax = 128;

/** All places in the program where it may stand after some octets. */
interface State {
  /** By class of octet; null: not made yet. */
  readonly next: (State | null)[];
  /** Instructions that wait for an octet or for the end, in order. */
  readonly waiting: readonly number[];
  /** Has the program come to its match? */
  readonly isMatch: boolean;
  /** Does it, if the text ends here? */
  readonly isMatchAtEnd: boolean;
}

/**
 * Tells whether a text fits a program, looking at each octet once: the states of Thompson's machine are made as texts need them
 * (Russ Cox, "Regular Expression Matching Can Be Simple And Fast"). An octet costs a look into a table, and at worst, where a state is
 * new, one visit of each instruction: O(text × program) whatever the text, in bounded memory.
 */
export class LinearMachine {
  readonly #program: readonly Instruction[];
  /** Must the whole text fit, not only its beginning? */
  readonly #isWhole: boolean;
  /** Octets that no instruction tells apart are one class. */
  readonly #classOf: Uint8Array;
  /** One octet of each class. */
  readonly #octets: readonly number[];
  readonly #start: State;
  readonly #states = new Map<string, State>();
  /** Instructions seen while a state is made. */
  readonly #seen: Uint8Array;
  /** Visits of instructions and looks into tables since the beginning: the work done, for tests of its bound. */
  steps = 0;

  constructor(program: readonly Instruction[], isWhole: boolean) {
    this.#program = program;
    this.#isWhole = isWhole;
    this.#seen = new Uint8Array(program.length);
    [this.#classOf, this.#octets] = classesOf(program);
    this.#start = this.#make([0], true);
  }

  test(text: string): boolean {
    const classOf = this.#classOf;
    let state = this.#start;
    for (let at = 0; at < text.length; at++) {
      if (state.isMatch && !this.#isWhole) return true;
      const code = text.charCodeAt(at);
      const octetClass = classOf[code > 0xff ? 0xff : code]!;
      state = state.next[octetClass] ?? this.#step(state, octetClass);
      this.steps++;
      if (state.waiting.length === 0 && !state.isMatch) return false;
    }
    return state.isMatch || state.isMatchAtEnd;
  }

  #step(from: State, octetClass: number): State {
    const octet = this.#octets[octetClass]!;
    const reached: number[] = [];
    for (const at of from.waiting) {
      this.steps++;
      const instruction = this.#program[at]!;
      if (instruction.kind === "set" && instruction.set.has(octet)) reached.push(instruction.next);
    }
    const state = this.#make(reached, false);
    from.next[octetClass] = state;
    return state;
  }

  /** The state in which the program stands at any of `places`, or where it goes from them without an octet. */
  #make(places: readonly number[], isAtStart: boolean): State {
    const [waiting, isMatch] = this.#close(places, isAtStart, false);
    // The first state alone is at the start; no other may be taken for it.
    const key = `${isAtStart ? "^" : ""}${isMatch ? "!" : ""}${waiting.join()}`;
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    const ends = waiting.filter((at) => this.#program[at]!.kind === "end");
    const isMatchAtEnd = ends.length > 0 && this.#close(ends, isAtStart, true)[1];
    const state = {
      next: new Array<State | null>(this.#octets.length).fill(null),
      waiting,
      isMatch,
      isMatchAtEnd,
    };
    if (this.#states.size >= patternStatesMax) {
      this.#states.clear();
      // The old ones are still linked from the first.
      this.#start.next.fill(null);
    }
    this.#states.set(key, state);
    return state;
  }

  #close(
    places: readonly number[],
    isAtStart: boolean,
    isAtEnd: boolean,
  ): readonly [waiting: readonly number[], isMatch: boolean] {
    const seen = this.#seen.fill(0);
    const stack = [...places];
    const waiting: number[] = [];
    let isMatch = false;
    while (stack.length > 0) {
      const at = stack.pop()!;
      if (seen[at] === 1) continue;
      seen[at] = 1;
      this.steps++;
      const instruction = this.#program[at]!;
      switch (instruction.kind) {
        case "match":
          isMatch = true;
          break;
        case "split":
          stack.push(instruction.next, instruction.other);
          break;
        case "start":
          if (isAtStart) stack.push(instruction.next);
          break;
        case "end":
          if (isAtEnd) stack.push(instruction.next);
          else waiting.push(at);
          break;
        case "set":
          waiting.push(at);
      }
    }
    return [waiting.sort((a, b) => a - b), isMatch];
  }
}

/** Each octet's class, and one octet of each. */
function classesOf(program: readonly Instruction[]): [classOf: Uint8Array, octets: number[]] {
  const sets = new Set(program.flatMap((one) => (one.kind === "set" ? [one.set] : [])));
  const classOf = new Uint8Array(256);
  let octets = [0];
  for (const { member } of sets) {
    // Each class falls in two: what is in the set, and what is not.
    const halves = new Map<number, number>();
    octets = [];
    for (let octet = 0; octet < 256; octet++) {
      const half = 2 * classOf[octet]! + member[octet]!;
      let known = halves.get(half);
      if (known === undefined) {
        known = octets.push(octet) - 1;
        halves.set(half, known);
      }
      classOf[octet] = known;
    }
  }
  return [classOf, octets];
}
