import { LinearMachine } from "./linear.ts";
import type { Piece } from "./pieces.ts";
import type { Instruction } from "./program.ts";

/** A pattern that texts are tried against, in time linear in the text. */
export interface Pattern {
  /** As it was written. */
  readonly text: string;
  /**
   * `literal`: one text alone. `prefix`: whatever begins so. `segments`: literals and runs of one class each, told in one pass. `linear`:
   * all else, by an automaton.
   */
  readonly form: "literal" | "prefix" | "segments" | "linear";
  /** With which every text that fits begins. Of a literal all of it. */
  readonly start: string;
  /** With which every text that fits ends, behind `start`; empty where that is not certain. Of a literal empty. */
  readonly end: string;
  test(text: string): boolean;
}

export class LiteralPattern implements Pattern {
  readonly form = "literal";
  readonly text: string;
  readonly start: string;
  readonly end = "";

  constructor(text: string, literal: string) {
    this.text = text;
    this.start = literal;
  }

  test(text: string): boolean {
    return text === this.start;
  }
}

export class PrefixPattern implements Pattern {
  readonly form = "prefix";
  readonly text: string;
  readonly start: string;
  readonly end = "";

  constructor(text: string, prefix: string) {
    this.text = text;
    this.start = prefix;
  }

  test(text: string): boolean {
    return text.startsWith(this.start);
  }
}

export class SegmentsPattern implements Pattern {
  readonly form = "segments";
  readonly text: string;
  readonly start: string;
  readonly end: string;
  readonly #pieces: readonly Piece[];

  constructor(text: string, pieces: readonly Piece[]) {
    const [first] = pieces;
    const last = pieces.at(-1);
    this.text = text;
    this.start = first?.kind === "literal" ? first.text : "";
    this.end = last?.kind === "literal" && last !== first ? last.text : "";
    this.#pieces = pieces;
  }

  test(text: string): boolean {
    let at = 0;
    for (const piece of this.#pieces) {
      switch (piece.kind) {
        case "literal":
          if (!text.startsWith(piece.text, at)) return false;
          at += piece.text.length;
          break;
        case "run": {
          const end = Math.min(text.length, at + piece.max);
          const from = at;
          while (at < end && piece.set.has(text.charCodeAt(at))) at++;
          if (at - from < piece.min) return false;
          break;
        }
        case "gap":
          // The last piece but for a literal that ends the text.
          return at + piece.min <= text.length - this.end.length && text.endsWith(this.end);
      }
    }
    return at === text.length;
  }
}

export class LinearPattern implements Pattern {
  readonly form = "linear";
  readonly text: string;
  readonly start: string;
  readonly end = "";
  readonly #machine: LinearMachine;

  constructor(text: string, start: string, program: readonly Instruction[], isWhole: boolean) {
    this.text = text;
    this.start = start;
    this.#machine = new LinearMachine(program, isWhole);
  }

  /** The work done by all tests so far. */
  get steps(): number {
    return this.#machine.steps;
  }

  test(text: string): boolean {
    return text.startsWith(this.start) && this.#machine.test(text);
  }
}
