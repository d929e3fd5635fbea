import type { Path, Step } from "@heddle/mesh/resource/schema/path.ts";
import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  visit,
} from "yaml";
import type { ManifestProblem } from "./problem.ts";
import type { Source } from "./source.ts";
import { expandMarks, markReferences, type Variables } from "./variables.ts";

/** One object of a manifest: its data, and where each of its fields is written. */
export interface TextObject {
  readonly source: Source;
  readonly value: unknown;
  /** The line of a field, or of the nearest thing around it where it is missing. */
  readonly lineOf: (path: Path) => number;
  /** Is a value here, or around here, made with a variable that has none? What it is like then says nothing. */
  readonly isUnset: (path: Path) => boolean;
}

/**
 * The objects of one source: the documents of a YAML stream, JSON included, and the items of a `List`. Empty documents
 * are none.
 */
export function parseText(
  source: Source,
  variables: Variables,
): { readonly objects: readonly TextObject[]; readonly errors: readonly ManifestProblem[] } {
  const lines = new LineCounter();
  const { text, references } = markReferences(source.text);
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const objects: TextObject[] = [];
  const errors: ManifestProblem[] = [];
  const fail = (message: string, offset: number) => {
    errors.push({ file: source.name, line: lineAt(lines, offset), subject: "", message });
  };
  for (const document of documents as Document.Parsed[]) {
    // After the first one of a line the parser is lost, and the rest is noise.
    const byLine = Map.groupBy(document.errors, ({ pos }) => lineAt(lines, pos[0]));
    for (const [error] of byLine.values()) fail(inWords(error!.message), error!.pos[0]);
    if (document.errors.length > 0) continue;
    const unset = new Set<unknown>();
    expandMarks(document, references, variables, (name, at) => {
      unset.add(at);
      const message = `\${${name}} is not set; set it, or give a default: \${${name}:-value}`;
      fail(message, at.range?.[0] ?? 0);
    });
    const value = toData(document, fail);
    if (value === null || value === undefined) continue;
    objects.push(...items(source, document, value, lines, unset));
  }
  return { objects, errors };
}

/** Aliases are resolved here; too many of them are refused, since they can grow without end. */
function toData(document: Document, fail: (message: string, offset: number) => void): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const begin = document.contents?.range?.[0] ?? 0;
    fail(inWords((error as Error).message), danglingAlias(document) ?? begin);
    return null;
  }
}

/** Where the first alias is that has no anchor before it; null: there is none. */
function danglingAlias(document: Document): number | null {
  let offset: number | null = null;
  visit(document, {
    Alias: (_key, node) => {
      if (node.resolve(document) !== undefined) return undefined;
      offset = node.range?.[0] ?? null;
      return visit.BREAK;
    },
  });
  return offset;
}

function items(
  source: Source,
  document: Document,
  value: unknown,
  lines: LineCounter,
  unset: ReadonlySet<unknown>,
): TextObject[] {
  const object = (part: unknown, base: Path): TextObject => ({
    source,
    value: part,
    lineOf: (path) => lineAt(lines, placeOf(document.contents, [...base, ...path]).offset),
    isUnset: (path) => unset.has(placeOf(document.contents, [...base, ...path]).node),
  });
  const list = value as { apiVersion?: unknown; kind?: unknown; items?: unknown };
  const isList = list.apiVersion === "v1" && list.kind === "List" && Array.isArray(list.items);
  if (!isList) return [object(value, [])];
  return (list.items as unknown[]).map((item, index) => object(item, ["items", index]));
}

/** What `path` leads to, as far down as it is there, and where that begins: at its key, or at the item of a list. */
function placeOf(
  root: Node | null,
  path: Path,
): { readonly node: unknown; readonly offset: number } {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const step of path) {
    const next = child(node, step);
    if (next === null) break;
    offset = next.offset;
    node = next.node;
  }
  return { node, offset };
}

function child(node: unknown, step: Step): { node: unknown; offset: number } | null {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
    const key = pair?.key;
    return isScalar(key) ? { node: pair!.value, offset: key.range?.[0] ?? 0 } : null;
  }
  if (isSeq(node) && typeof step === "number") {
    const item = node.items[step];
    return isNode(item) ? { node: item, offset: item.range?.[0] ?? 0 } : null;
  }
  return null;
}

function lineAt(lines: LineCounter, offset: number): number {
  return Math.max(1, lines.linePos(offset).line);
}

function inWords(message: string): string {
  // The parser recurses, and so does what reads its result.
  if (/call stack/.test(message)) return "nested too deeply";
  return message.split("\n", 1)[0]!;
}
