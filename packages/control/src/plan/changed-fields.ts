/** One place at which two pieces of data differ; undefined where one has nothing there. */
export interface ChangedField {
  /** `spec.rules[0].backendRefs[1].weight` */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Where two pieces of data differ, as deep as both have the same form; lists are compared place by place. */
export function changedFields(before: unknown, after: unknown, path = ""): readonly ChangedField[] {
  if (Object.is(before, after)) return [];
  if (!isBranch(before) || !isBranch(after) || Array.isArray(before) !== Array.isArray(after)) {
    return [{ path, before, after }];
  }
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => {
    const below = Array.isArray(before)
      ? `${path}[${name}]`
      : path === ""
        ? name
        : `${path}.${name}`;
    return changedFields(before[name as never], after[name as never], below);
  });
}

/** A value in a few characters. */
export function valueWords(value: unknown): string {
  if (value === undefined || value === null) return "none";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= wordsMax ? text : `${text.slice(0, wordsMax - 1)}…`;
}

/** Longer values are cut. */
const wordsMax = 60;

function isBranch(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
