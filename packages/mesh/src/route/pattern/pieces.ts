import { OctetSet } from "./octet-set.ts";
import type { Node } from "./syntax.ts";

/** A part of a text that can be told without ever going back. */
export type Piece =
  | { readonly kind: "literal"; readonly text: string }
  /** As many octets of `set` as there are, at least `min` and at most `max`. */
  | { readonly kind: "run"; readonly set: OctetSet; readonly min: number; readonly max: number }
  /** Whatever it is, at least `min` octets of it. */
  | { readonly kind: "gap"; readonly min: number };

/**
 * The pattern as pieces, for a text that they must make up from end to end; null where it is not so simple.
 * @param isWhole must the whole text fit, not only its beginning?
 */
export function piecesOf(node: Node, isWhole: boolean): readonly Piece[] | null {
  const items = flatten(node);
  if (items[0]?.kind === "start") items.shift();
  const isEnded = items.at(-1)?.kind === "end";
  if (isEnded) items.pop();
  const pieces: Piece[] = [];
  for (const item of items) {
    const piece = pieceOf(item);
    if (piece === null) return null;
    append(pieces, piece);
  }
  if (!isWhole && !isEnded) append(pieces, { kind: "gap", min: 0 });
  const settled = pieces.map((piece, index) => settle(piece, pieces[index + 1]));
  return settled.every(isPiece) && hasOneWay(settled) ? settled : null;
}

/** The literal with which every text that fits begins; empty where none is certain. */
export function literalStart(node: Node): string {
  let text = "";
  for (const item of flatten(node)) {
    if (item.kind === "start" && text === "") continue;
    const piece = pieceOf(item);
    if (piece?.kind === "literal") text += piece.text;
    else if (item.kind === "repeat" && item.min > 0) return text + literalStart(item.item);
    else return text;
  }
  return text;
}

function flatten(node: Node): Node[] {
  return node.kind === "sequence" ? node.items.flatMap(flatten) : [node];
}

function pieceOf(node: Node): Piece | null {
  if (node.kind === "set") return runOf(node.set, 1, 1);
  if (node.kind !== "repeat") return null;
  const [item, ...more] = flatten(node.item);
  if (item?.kind !== "set" || more.length > 0) return null;
  return runOf(item.set, node.min, node.max ?? Number.POSITIVE_INFINITY);
}

function runOf(set: OctetSet, min: number, max: number): Piece {
  if (set.size === 1 && min === max) {
    return { kind: "literal", text: String.fromCharCode(set.only).repeat(min) };
  }
  if (set.isAll && max === Number.POSITIVE_INFINITY) return { kind: "gap", min };
  return { kind: "run", set, min, max };
}

/** Joins literals, and gaps. */
function append(pieces: Piece[], piece: Piece): void {
  const last = pieces.at(-1);
  if (last?.kind === "literal" && piece.kind === "literal") {
    pieces[pieces.length - 1] = { kind: "literal", text: last.text + piece.text };
  } else if (last?.kind === "gap" && piece.kind === "gap") {
    pieces[pieces.length - 1] = { kind: "gap", min: last.min + piece.min };
  } else if (piece.kind !== "literal" || piece.text !== "") {
    pieces.push(piece);
  }
}

/** A run with its length made certain by what follows; null: what it takes depends on the rest. */
function settle(piece: Piece, next: Piece | undefined): Piece | null {
  if (piece.kind !== "run" || piece.min === piece.max || next === undefined) return piece;
  // What a gap follows need not take more than it must.
  if (next.kind === "gap") return { ...piece, max: piece.min };
  const following =
    next.kind === "literal" ? OctetSet.of(next.text.charCodeAt(0)) : next.min > 0 ? next.set : null;
  return following?.isDisjoint(piece.set) ? piece : null;
}

function isPiece(piece: Piece | null): piece is Piece {
  return piece !== null;
}

/** After a gap only a literal at the very end has one place. */
function hasOneWay(pieces: readonly Piece[]): boolean {
  const gap = pieces.findIndex((piece) => piece.kind === "gap");
  if (gap === -1 || gap === pieces.length - 1) return true;
  return gap === pieces.length - 2 && pieces[gap + 1]!.kind === "literal";
}
