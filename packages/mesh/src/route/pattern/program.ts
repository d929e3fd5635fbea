import type { OctetSet } from "./octet-set.ts";
import type { Node } from "./syntax.ts";

/** Instructions of one pattern, repeats written out: what one octet may cost at worst. */
export const patternProgramMax = 2000;

/** Thompson's machine. Each instruction goes on at `next`, but for `match`. */
export type Instruction =
  | { readonly kind: "set"; readonly set: OctetSet; next: number }
  /** Goes on at both. */
  | { readonly kind: "split"; next: number; other: number }
  | { readonly kind: "start"; next: number }
  | { readonly kind: "end"; next: number }
  | { readonly kind: "match" };

/** Instructions from 0 on; null where they would be too many. */
export function compileProgram(node: Node): readonly Instruction[] | null {
  if (sizeOf(node) > patternProgramMax) return null;
  const program: Instruction[] = [];
  emit(node, program);
  program.push({ kind: "match" });
  return program;
}

/** At least as many instructions as `emit` makes, and one for each node that makes none: a bound on its work. */
function sizeOf(node: Node): number {
  switch (node.kind) {
    case "sequence":
      return sum(node.items) + 1;
    case "either":
      return sum(node.items) + 2 * node.items.length;
    case "repeat": {
      const copies = Math.max(node.min, node.max ?? 0, 1);
      return copies * (sizeOf(node.item) + 1) + 1;
    }
    default:
      return 1;
  }
}

function sum(items: readonly Node[]): number {
  return items.reduce((total, item) => total + sizeOf(item), 0);
}

/** Appends what `node` does; it goes on at the instruction after the last. */
function emit(node: Node, program: Instruction[]): void {
  switch (node.kind) {
    case "set":
      program.push({ kind: "set", set: node.set, next: program.length + 1 });
      return;
    case "start":
    case "end":
      program.push({ kind: node.kind, next: program.length + 1 });
      return;
    case "sequence":
      for (const item of node.items) emit(item, program);
      return;
    case "either":
      emitEither(node.items, program);
      return;
    case "repeat":
      emitRepeat(node, program);
  }
}

function emitEither(items: readonly Node[], program: Instruction[]): void {
  // Each branch but the last ends in a split to the end, both ways.
  const ends: { next: number; other: number }[] = [];
  for (const [index, item] of items.entries()) {
    if (index === items.length - 1) {
      emit(item, program);
      continue;
    }
    const choice = push(program);
    emit(item, program);
    ends.push(push(program));
    choice.other = program.length;
  }
  for (const end of ends) {
    end.next = program.length;
    end.other = program.length;
  }
}

function emitRepeat(
  { item, min, max }: Extract<Node, { kind: "repeat" }>,
  program: Instruction[],
): void {
  let last = program.length;
  for (let copy = 0; copy < min; copy++) {
    last = program.length;
    emit(item, program);
  }
  if (max === null) {
    if (min > 0) {
      // Again from the last copy.
      push(program).other = last;
    } else {
      const loop = program.length;
      const choice = push(program);
      emit(item, program);
      const back = push(program);
      back.next = loop;
      back.other = loop;
      choice.other = program.length;
    }
    return;
  }
  const choices: { other: number }[] = [];
  for (let copy = min; copy < max; copy++) {
    choices.push(push(program));
    emit(item, program);
  }
  for (const choice of choices) choice.other = program.length;
}

/** A split that goes on behind itself; its other way is set by the caller. */
function push(program: Instruction[]): { next: number; other: number } {
  const split = { kind: "split" as const, next: program.length + 1, other: program.length + 1 };
  program.push(split);
  return split;
}
