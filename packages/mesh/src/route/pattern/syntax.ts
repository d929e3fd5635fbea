import { escapedClasses, namedClasses } from "./classes.ts";
import { OctetSet } from "./octet-set.ts";

/** A pattern as it is written. */
export type Node =
  | { readonly kind: "set"; readonly set: OctetSet }
  | { readonly kind: "sequence"; readonly items: readonly Node[] }
  | { readonly kind: "either"; readonly items: readonly Node[] }
  /** `max` null: without end. */
  | {
      readonly kind: "repeat";
      readonly item: Node;
      readonly min: number;
      readonly max: number | null;
    }
  /** Of the text. */
  | { readonly kind: "start" }
  | { readonly kind: "end" };

/** Why a pattern is not accepted. */
export interface PatternFault {
  readonly message: string;
  /** Index of the character in the pattern at which it shows. */
  readonly at: number;
}

/** Characters of a pattern. What Gateway API allows for a header's. */
export const patternLengthMax = 4096;
/** Groups within groups. */
export const patternNestingMax = 100;
/** The largest n of `{n}`. RE2: 1000. */
export const patternRepeatMax = 1000;

/** The pattern's tree, or what is wrong with it. The dialect is described at `readPattern`. O(length). */
export function parsePattern(text: string): Node | PatternFault {
  if (text.length > patternLengthMax) {
    return { message: `longer than ${patternLengthMax} characters`, at: patternLengthMax };
  }
  try {
    return new Parser(text).parse();
  } catch (error) {
    if (error instanceof Wrong) return { message: error.message, at: error.at };
    throw error;
  }
}

export function isFault(result: object): result is PatternFault {
  return "message" in result;
}

/** Leaves the parser; never this file. */
class Wrong extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const everything = OctetSet.range(0, 0xff);
const escapedControls: ReadonlyMap<string, number> = new Map([
  ["t", 0x09],
  ["n", 0x0a],
  ["v", 0x0b],
  ["f", 0x0c],
  ["r", 0x0d],
]);

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #isCaseless = false;
  /** A set for each character that was seen, for a pattern has many and few different ones. */
  readonly #singles = new Map<number, OctetSet>();

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Node {
    const node = this.#either();
    if (this.#at < this.#text.length) throw new Wrong("a ) without its (", this.#at);
    return node;
  }

  /** `a|b`, up to the end of the group. */
  #either(): Node {
    const items = [this.#sequence()];
    while (this.#takes("|")) items.push(this.#sequence());
    return items.length === 1 ? items[0]! : { kind: "either", items };
  }

  #sequence(): Node {
    const items: Node[] = [];
    while (this.#at < this.#text.length && !"|)".includes(this.#peek())) {
      const item = this.#atom();
      if (item !== null) items.push(this.#repeated(item));
    }
    return items.length === 1 ? items[0]! : { kind: "sequence", items };
  }

  /** Null: flags, which are no part of what is matched. */
  #atom(): Node | null {
    const at = this.#at;
    const character = this.#next();
    switch (character) {
      case "(":
        return this.#group(at);
      case "[":
        return { kind: "set", set: this.#cased(this.#class(at)) };
      case ".":
        return { kind: "set", set: everything };
      case "^":
        return { kind: "start" };
      case "$":
        return { kind: "end" };
      case "\\":
        return this.#escape(at);
      case "*":
      case "+":
      case "?":
        throw new Wrong(`nothing before ${character} to repeat`, at);
      case "{":
        throw new Wrong("a { that repeats nothing; the character itself is \\{", at);
      default:
        return { kind: "set", set: this.#single(this.#octet(character, at)) };
    }
  }

  #repeated(item: Node): Node {
    const at = this.#at;
    const bounds = this.#bounds();
    if (bounds === null) return item;
    this.#takes("?"); // which of several ways it fits is not asked for
    if (this.#at < this.#text.length && "*+?{".includes(this.#peek())) {
      throw new Wrong("a repeat of a repeat; put the first into a group", this.#at);
    }
    const [min, max] = bounds;
    if (max !== null && max < min) throw new Wrong("a repeat whose most is below its least", at);
    if (Math.max(min, max ?? 0) > patternRepeatMax) {
      throw new Wrong(`a repeat of more than ${patternRepeatMax} times`, at);
    }
    return { kind: "repeat", item, min, max };
  }

  #bounds(): readonly [min: number, max: number | null] | null {
    if (this.#takes("*")) return [0, null];
    if (this.#takes("+")) return [1, null];
    if (this.#takes("?")) return [0, 1];
    if (this.#at >= this.#text.length || this.#peek() !== "{") return null;
    const written = /^\{(\d{1,9})(,(\d{0,9}))?\}/.exec(this.#text.slice(this.#at, this.#at + 22));
    if (written === null) {
      throw new Wrong("a { that is no {n}, {n,} or {n,m}; the character itself is \\{", this.#at);
    }
    this.#at += written[0].length;
    const min = Number(written[1]);
    if (written[2] === undefined) return [min, min];
    return [min, written[3] === "" ? null : Number(written[3])];
  }

  // ── groups ──────────────────────────────────────────────────────────────────────────────────────────────────

  #group(at: number): Node | null {
    const wasCaseless = this.#isCaseless;
    if (this.#takes("?") && this.#isFlagsAlone(at)) return null;
    if (++this.#depth > patternNestingMax) {
      throw new Wrong(`groups more than ${patternNestingMax} deep`, at);
    }
    const node = this.#either();
    if (!this.#takes(")")) throw new Wrong("a ( without its )", at);
    this.#depth--;
    this.#isCaseless = wasCaseless;
    // A sequence of its own, so that a repeat after it repeats all of it.
    return { kind: "sequence", items: [node] };
  }

  /** What follows `(?`. True for `(?i)`: it holds up to the end of the group around it. */
  #isFlagsAlone(at: number): boolean {
    const rest = this.#text.slice(this.#at);
    if (/^(?:[=!]|<[=!])/.test(rest))
      throw new Wrong("look-around, which takes more than one look", at);
    if (rest.startsWith("P=")) throw new Wrong(backReference, at);
    const name = /^P?<[A-Za-z_][A-Za-z0-9_]*>/.exec(rest);
    if (name !== null) {
      this.#at += name[0].length;
      return false;
    }
    const flags = /^([is]*)(-i)?([:)])/.exec(rest);
    if (flags === null)
      throw new Wrong("a group of an unknown kind; known are (a), (?:a), (?i)", at);
    this.#at += flags[0].length;
    const isCaseless = flags[2] === undefined && flags[1]!.includes("i");
    if (flags[1]!.includes("i") || flags[2] !== undefined) this.#isCaseless = isCaseless;
    return flags[3] === ")";
  }

  // ── characters and classes ──────────────────────────────────────────────────────────────────────────────────

  #escape(at: number): Node {
    const named = this.#peek();
    if (named === "A" || named === "z") {
      this.#at++;
      return { kind: named === "A" ? "start" : "end" };
    }
    const set = this.#escapedClass();
    if (set !== null) return { kind: "set", set };
    return { kind: "set", set: this.#single(this.#escapedOctet(at)) };
  }

  /** After a backslash. Null: it is one character that is written so. */
  #escapedClass(): OctetSet | null {
    const set = escapedClasses.get(this.#peek()) ?? null;
    if (set !== null) this.#at++;
    return set;
  }

  /** After a backslash, at `at`. */
  #escapedOctet(at: number): number {
    if (this.#at === this.#text.length) throw new Wrong("a \\ at the end", at);
    const character = this.#next();
    const control = escapedControls.get(character);
    if (control !== undefined) return control;
    if (character === "x") {
      const hex = /^(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,6})\})/.exec(this.#text.slice(this.#at));
      if (hex === null) throw new Wrong("a \\x without two digits", at);
      this.#at += hex[0].length;
      return this.#latin1(Number.parseInt(hex[1] ?? hex[2]!, 16), at);
    }
    if (/[1-9k]/.test(character)) throw new Wrong(backReference, at);
    if (/[bB]/.test(character)) throw new Wrong("a boundary of words, which is not supported", at);
    if (/[A-Za-z0-9]/.test(character)) throw new Wrong(`an unknown escape \\${character}`, at);
    return this.#octet(character, at);
  }

  /** After the `[` at `at`. A `]` at its beginning stands for itself, as in POSIX. */
  #class(at: number): OctetSet {
    const isInverted = this.#takes("^");
    const sets: OctetSet[] = [];
    for (let isFirst = true; isFirst || !this.#takes("]"); isFirst = false) {
      if (this.#at >= this.#text.length) throw new Wrong("a [ without its ]", at);
      sets.push(this.#member());
    }
    const set = this.#cased(OctetSet.union(sets));
    return isInverted ? set.inverted() : set;
  }

  #member(): OctetSet {
    const at = this.#at;
    const character = this.#next();
    if (character === "[" && this.#peek() === ":") return this.#namedClass(at);
    if (character === "\\") {
      const set = this.#escapedClass();
      if (set !== null) return set;
    }
    const first = character === "\\" ? this.#escapedOctet(at) : this.#octet(character, at);
    // A dash at the end stands for itself.
    if (this.#peek() !== "-" || (this.#text[this.#at + 1] ?? "]") === "]")
      return OctetSet.of(first);
    this.#at++;
    const lastAt = this.#at;
    const end = this.#next();
    if (end === "[" && this.#peek() === ":") throw new Wrong("a range up to a class", at);
    if (end === "\\" && this.#escapedClass() !== null) throw new Wrong("a range up to a class", at);
    const last = end === "\\" ? this.#escapedOctet(lastAt) : this.#octet(end, lastAt);
    if (last < first) throw new Wrong("a range whose end is before its beginning", at);
    return OctetSet.range(first, last);
  }

  /** `[:alpha:]`, of which the `[` was read. */
  #namedClass(at: number): OctetSet {
    const written = /^:(\^?)([a-z]+):\]/.exec(this.#text.slice(this.#at));
    const set = written === null ? undefined : namedClasses.get(written[2]!);
    if (written === null || set === undefined) throw new Wrong("an unknown class", at);
    this.#at += written[0].length;
    return written[1] === "^" ? set.inverted() : set;
  }

  #single(octet: number): OctetSet {
    const known = this.#isCaseless ? undefined : this.#singles.get(octet);
    if (known !== undefined) return known;
    const set = this.#cased(OctetSet.of(octet));
    if (!this.#isCaseless) this.#singles.set(octet, set);
    return set;
  }

  #cased(set: OctetSet): OctetSet {
    return this.#isCaseless ? set.inBothCases() : set;
  }

  #octet(character: string, at: number): number {
    return this.#latin1(character.charCodeAt(0), at);
  }

  #latin1(code: number, at: number): number {
    if (code > 0xff) throw new Wrong("a character that no head has: octets are 00 to FF", at);
    return code;
  }

  // ── where it reads ──────────────────────────────────────────────────────────────────────────────────────────

  /** Empty at the end. */
  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #next(): string {
    return this.#text[this.#at++] ?? "";
  }

  #takes(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }
}

const backReference = "a back-reference, which no linear time suffices for";
