import * as v from "valibot";
import type { Document, DocumentKey } from "../model/document.ts";
import { documentSchemas } from "./schema.ts";
import type { Delta } from "./snapshot.ts";

/** The value, or all that is wrong with the input, each line with its path: `ports[0].number: expected a port …`. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly errors: readonly string[] };

/**
 * Judges one document. The value is the input itself, not a copy, so that digests of what was received and of what is
 * acted on are one. An unknown kind or field is an error: what cannot be read may have been a restriction.
 */
export function parseDocument(input: unknown): Parsed<Document> {
  const kind = (input as { kind?: unknown } | null)?.kind;
  if (typeof kind !== "string" || !Object.hasOwn(documentSchemas, kind)) {
    const known = Object.keys(documentSchemas).join(", ");
    return refuse([`kind: expected one of ${known}, got ${show(kind)}`]);
  }
  const result = v.safeParse(documentSchemas[kind as Document["kind"]], input);
  return result.success ? accept(input as Document) : refuse(result.issues.map(formatIssue));
}

/** Where a document belongs, as far as its head can be read; null where it cannot. Works for kinds not known, too. */
export function documentKeyOf(input: unknown): DocumentKey | null {
  const head = v.safeParse(headSchema, input);
  if (!head.success) return null;
  const { kind, namespace, name } = head.output;
  if (kind === "proxy") return "proxy";
  return namespace === undefined || name === undefined ? null : `${kind}/${namespace}/${name}`;
}

/**
 * Judges the frame of a delta: versions, keys, digest. Its documents are judged one by one with `parseDocument` when
 * the result is acted on, so that one bad document spoils only itself.
 */
export function parseDelta(input: unknown): Parsed<Delta> {
  const result = v.safeParse(deltaSchema, input);
  return result.success ? accept(input as Delta) : refuse(result.issues.map(formatIssue));
}

const part = v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,63}$/, "a DNS label"));
const headSchema = v.object({
  kind: part,
  namespace: v.optional(part),
  name: v.optional(part),
});
const count = v.pipe(v.number(), v.safeInteger("a whole number"), v.minValue(0, "a number >= 0"));
const version = {
  epoch: v.pipe(v.string(), v.maxLength(256, "at most 256 characters")),
  revision: count,
  endpointsVersion: count,
};
const deltaSchema = v.pipe(
  v.object({
    ...version,
    base: v.nullable(v.object(version)),
    changed: v.array(
      v.custom<Document>(
        (input) => documentKeyOf(input) !== null,
        "a document with kind, namespace and name",
      ),
    ),
    removed: v.array(v.string()),
    digest: v.string(),
  }),
  v.forward(
    v.check(
      ({ base, removed }) => base !== null || removed.length === 0,
      "nothing removed from the whole",
    ),
    ["removed"],
  ),
);

/** `routes[2].filters[0].ratio: expected <= 1, got 7`. */
function formatIssue(issue: v.BaseIssue<unknown>): string {
  let path = "";
  for (const { key } of issue.path ?? []) {
    if (typeof key === "number") path += `[${key}]`;
    else path += path === "" ? String(key) : `.${String(key)}`;
  }
  const place = path === "" ? "" : `${path}: `;
  if (issue.type === "strict_object" && issue.expected === "never") return `${place}unknown field`;
  if (issue.received === "undefined") return `${place}required`;
  // valibot's own messages start so; ours say what is expected.
  const expected = issue.message.startsWith("Invalid ")
    ? (issue.expected ?? "another value")
    : issue.message;
  const at = issue.path?.at(-1);
  return `${place}expected ${expected}, got ${show(at === undefined ? issue.input : at.value)}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function accept<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

function refuse(errors: readonly string[]): Parsed<never> {
  return { ok: false, errors };
}
