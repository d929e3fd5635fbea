import type { Document } from "yaml";
import { isScalar, parseDocument, Scalar, visit } from "yaml";

/** Values of `${NAME}`, as in the environment. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** `${NAME}`, `${NAME:-default}`; `$${NAME}` stands for itself. */
const reference = /\$?\$\{([A-Za-z_][A-Za-z0-9_]*)(:-([^}\n]*))?\}/g;
/** Two characters of Unicode's private use, which mean nothing in YAML. */
const mark = /\uE000(\d+)\uE001/g;

export interface Marked {
  /** The text with a mark instead of each reference, in as many lines. */
  readonly text: string;
  readonly references: readonly string[];
}

/**
 * Takes the references out before YAML is read and puts their values in after it (`expandMarks`): a value is never
 * read as YAML syntax, and what stands in a comment needs no value.
 */
export function markReferences(text: string): Marked {
  const references: string[] = [];
  const marked = text.replace(reference, (whole: string) => {
    references.push(whole);
    return `\uE000${references.length - 1}\uE001`;
  });
  return { text: marked, references };
}

/**
 * Puts values in place. A plain scalar made of references gets the type its text has in YAML, `${N:-3}` is a number; a
 * quoted one stays text. `onUnset` is told where a reference without default has no value.
 */
export function expandMarks(
  document: Document,
  references: readonly string[],
  variables: Variables,
  onUnset: (name: string, at: Scalar) => void,
): void {
  if (references.length === 0) return;
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value !== "string" || !node.value.includes("\uE000")) return;
      const value = node.value.replace(mark, (_mark, index: string) =>
        expandReference(references[Number(index)] ?? "", variables, (name) => onUnset(name, node)),
      );
      node.value = node.type === Scalar.PLAIN ? plainValue(value) : value;
    },
  });
}

function expandReference(
  text: string,
  variables: Variables,
  onUnset: (name: string) => void,
): string {
  if (text.startsWith("$$")) return text.slice(1);
  const [, name = "", hasDefault, byDefault = ""] = new RegExp(reference.source).exec(text) ?? [];
  const value = variables[name];
  // As in a shell, `:-` counts an empty value as none.
  if (value !== undefined && (value !== "" || hasDefault === undefined)) return value;
  if (hasDefault === undefined) onUnset(name);
  return byDefault;
}

/** What a plain scalar of this text is: a number, true, null or text. */
function plainValue(text: string): unknown {
  const { contents, errors } = parseDocument(text);
  if (contents === null && errors.length === 0) return null; // `${X:-}` is no value, as nothing written would be
  if (errors.length > 0 || !isScalar(contents) || contents.type !== Scalar.PLAIN) return text;
  return contents.value;
}
